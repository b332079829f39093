"""What a client does: train the model it gets, or score it, on its own data."""

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from digits_app.task import build, load_data, score, train

app = ClientApp()


def received(message: Message, context: Context):
    """The model as the server sent it, and this client's data."""
    model = build(context.run_config["hidden-units"])
    model.load_state_dict(message.content["arrays"].to_torch_state_dict())
    return model, load_data(context.node_config["partition-id"], context.node_config["num-partitions"])


@app.train()
def on_train(message: Message, context: Context) -> Message:
    config, (model, (data, _)) = context.run_config, received(message, context)
    seed = config["seed"] + 1000 * message.content["config"]["server-round"] + context.node_config["partition-id"]
    loss = train(model, data, config["local-epochs"], config["batch-size"], config["learning-rate"], seed)
    metrics = MetricRecord({"train_loss": loss, "num-examples": len(data[1])})
    return Message(RecordDict({"arrays": ArrayRecord(model.state_dict()), "metrics": metrics}), reply_to=message)


@app.evaluate()
def on_evaluate(message: Message, context: Context) -> Message:
    model, (_, data) = received(message, context)
    loss, accuracy = score(model, data)
    metrics = MetricRecord({"loss": loss, "accuracy": accuracy, "num-examples": len(data[1])})
    return Message(RecordDict({"metrics": metrics}), reply_to=message)
