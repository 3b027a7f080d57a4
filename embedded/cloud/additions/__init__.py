"""Operations that moto does not have, in the shapes of botocore's service description."""
