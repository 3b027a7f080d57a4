"""The frame that every rule stands on; knows no rule and no provider.

facts      values as plain data, with UNKNOWN and MISSING, and a cursor over them
wire       the engine's messages as plain data
tri        three-valued logic
verdict    what a rule can say
rule       the declarative record of one rule
resource   one resource, and the index of a stack
settings   the pack's configuration: levels, settings, exemptions
exemptions who may break which rule, until when, and why
run        rules on resources, without an engine
pack       records as the SDK's policy objects
sources    resources out of files: YAML, a state, a preview
report     findings as text, JSON and SARIF
server     the analyzer process that the engine talks to
"""
