"""The request pipeline.

    clients -> Inference Gateway -> Model Serving (one deployment a model)
                       ^  |
                       |  v
               Result Aggregator

Every request enters at the gateway, and so do the aggregator's: balancing, retries and
ejection of bad replicas are in one place, and models let nobody else in.

pipeline.py   wires the stages and what they share
workload.py   what a stage runs: plain values
stage.py      what every stage is made of: deployment, service, budget, scaler, policy
"""
