"""IAM actions by what they can do, and conditions that narrow them down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rules.aws.documents import Statement, matches_any

# Each of these alone, on everybody, makes its holder an administrator.
ESCALATING: Final = (
    "iam:createpolicyversion",
    "iam:setdefaultpolicyversion",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:updateloginprofile",
    "iam:attachuserpolicy",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:putuserpolicy",
    "iam:putgrouppolicy",
    "iam:putrolepolicy",
    "iam:addusertogroup",
    "iam:updateassumerolepolicy",
    "iam:putrolepermissionsboundary",
    "iam:deleterolepermissionsboundary",
    "lambda:updatefunctioncode",
    "eks:associateaccesspolicy",
    "eks:createaccessentry",
)


CREDENTIALS: Final = (
    "sts:assumerole",
    "sts:assumerolewithwebidentity",
    "sts:getfederationtoken",
    "iam:createservicespecificcredential",
    "iam:resetservicespecificcredential",
    "iam:updateaccesskey",
    "ec2:getpassworddata",
    "redshift:getclustercredentials",
    "rds-db:connect",
    "cognito-identity:getcredentialsforidentity",
    "codeartifact:getauthorizationtoken",
    "ecr-public:getauthorizationtoken",
)


DATA: Final = (
    "s3:getobject",
    "s3:getobjectversion",
    "secretsmanager:getsecretvalue",
    "secretsmanager:batchgetsecretvalue",
    "ssm:getparameter",
    "ssm:getparameters",
    "ssm:getparametersbypath",
    "dynamodb:getitem",
    "dynamodb:scan",
    "dynamodb:query",
    "rds:copydbsnapshot",
    "kms:decrypt",
)


# Actions for which AWS knows no single resource, so that a star is all one can write.
UNRESTRICTABLE: Final = re.compile(
    r"ecr:getauthorizationtoken|s3:listallmybuckets|s3:getaccountpublicaccessblock"
    r"|sts:get(calleridentity|sessiontoken)|xray:(put|get)\w+|cloudwatch:(putmetricdata|list\w+"
    r"|getmetric(data|statistics))|(ec2|autoscaling|elasticloadbalancing):describe\w+"
    r"|pricing:\w+|ce:\w+|tag:get\w+|servicequotas:(get|list)\w+|ssm:describe\w+"
    r"|(ssmmessages|ec2messages):\w+|eks:(listclusters|describeaddon\w+|describeclusterversions)"
    r"|kms:(list(keys|aliases)|createkey|generaterandom)|iam:(list(roles|users|policies|groups)"
    r"|getaccount\w+)|secretsmanager:(listsecrets|getrandompassword)|acm:listcertificates"
    r"|route53:list\w+|(sqs:listqueues|sns:listtopics|dynamodb:listtables|lambda:listfunctions)"
    r"|logs:(describeloggroups|createlogdelivery)|ec2:getspotplacementscores|shield:\w+"
    r"|elasticfilesystem:describe\w+|sts:decodeauthorizationmessage|organizations:(list|describe)\w+"
)


# A star is narrowed down when the resource has to carry a tag, or belong to somebody.
NARROWING: Final = re.compile(
    r"(aws|ec2|autoscaling|elasticloadbalancing|eks|kms):(resource|request)(tag/.+|account|orgid)"
    r"|kms:viaservice|kms:callerac+ount|aws:(source|called)\w+|iam:passedtoservice"
    r"|kms:(grantisforawsresource|encryptioncontext.*)|cloudwatch:namespace"
)


def class_of(action: str) -> Sequence[str]:
    """Return the worst class that an action pattern reaches into; each has one rule."""
    for members in (ESCALATING, CREDENTIALS, DATA):
        if matches_any(action, members):
            return members
    return ()


def narrowed(statement: Statement) -> bool:
    """Tell whether a condition narrows down what a star stands for."""
    return any(NARROWING.fullmatch(key) for key in statement.condition_keys())
