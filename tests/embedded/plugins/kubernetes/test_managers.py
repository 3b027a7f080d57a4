from embedded.plugins.kubernetes import managers
from embedded.plugins.kubernetes.api import ApiError

OURS = "pulumi-kubernetes-1"


def entry(manager, operation, fields, **more):
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def live(*entries, **obj):
    return {"metadata": {"name": "a", "managedFields": list(entries)}, **obj}


def test_edits_by_hand_become_ours():
    ours = entry(OURS, "Apply", {"f:spec": {"f:replicas": {}}})
    hand = entry("kubectl-edit", "Update", {"f:spec": {"f:paused": {}}})
    taken = managers.take_over(live(ours, hand), OURS)
    assert taken == [entry(OURS, "Apply", {"f:spec": {"f:replicas": {}, "f:paused": {}}})]


def test_controllers_and_parts_like_status_stay_with_their_owners():
    controller = entry("kube-controller-manager", "Update", {"f:status": {}})
    status = entry("kubectl", "Update", {"f:status": {}}, subresource="status")
    ours = entry(OURS, "Apply", {"f:spec": {}})
    assert managers.take_over(live(ours, controller, status), OURS) is None


def test_an_ignored_field_of_another_manager_is_not_mentioned():
    hpa = entry("hpa", "Update", {"f:spec": {"f:replicas": {}}})
    news = {"spec": {"replicas": 1, "paused": False}}
    kept = managers.leave_ignored(news, live(hpa, spec={"replicas": 5}), OURS, ("spec.replicas",))
    assert kept == {"spec": {"paused": False}}
    assert news["spec"]["replicas"] == 1


def test_an_ignored_field_of_ours_keeps_its_live_value():
    ours = entry(OURS, "Apply", {"f:spec": {"f:replicas": {}}})
    news = {"spec": {"replicas": 1}}
    kept = managers.leave_ignored(news, live(ours, spec={"replicas": 5}), OURS, ("spec.replicas",))
    assert kept == {"spec": {"replicas": 5}}


def test_an_object_is_known_again_by_its_maker_or_by_having_nothing():
    assert managers.made_by(live(entry(OURS, "Apply", {})), OURS)
    assert managers.made_by(live(), OURS)
    assert not managers.made_by(live(entry("helm", "Apply", {})), OURS)


def test_a_conflict_names_manager_field_and_the_way_out():
    cause = {"field": ".spec.replicas", "message": 'conflict with "argocd"'}
    error = ApiError(409, {"reason": "Conflict", "details": {"causes": [cause]}})
    text = str(managers.conflict(error, "Deployment serving/model"))
    assert '.spec.replicas: conflict with "argocd"' in text
    assert "pulumi.com/patchForce" in text
