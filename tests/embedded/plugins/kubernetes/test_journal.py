from embedded.plugins.kubernetes.journal import Entry, Journal

ENTRY = Entry("https://here", "serving/model", "pulumi-kubernetes-1")


def test_an_entry_lives_until_the_engine_shows_that_it_knows_the_object(tmp_path):
    journal = Journal(tmp_path / "journal")
    journal.record("urn:a", ENTRY)
    assert Journal(tmp_path / "journal").pending("urn:a") == ENTRY
    journal.acknowledge("urn:a", "serving/model")
    assert journal.pending("urn:a") is None


def test_another_object_of_the_same_resource_acknowledges_nothing(tmp_path):
    journal = Journal(tmp_path)
    journal.record("urn:a", ENTRY)
    journal.acknowledge("urn:a", "serving/the-one-before")
    assert journal.pending("urn:a") == ENTRY


def test_a_torn_file_counts_as_nothing(tmp_path):
    journal = Journal(tmp_path)
    journal.record("urn:a", ENTRY)
    next(tmp_path.glob("*.json")).write_text('{"server": ')
    assert journal.pending("urn:a") is None
