"""Publishes one event to Posthorn by gRPC, with the operator key in POSTHORN_KEY."""

import argparse
import os
import sys

import grpc
from posthorn.ingestion.v1 import event_pb2, publish_service_pb2, publish_service_pb2_grpc


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", help="your own name of the customer, or its ws_... id")
    parser.add_argument("type", help="the event type, such as order.created")
    parser.add_argument("data", help="what happened: JSON text, kept byte by byte")
    parser.add_argument("--target", default="127.0.0.1:8421", help="host:port of Posthorn's gRPC")
    parser.add_argument("--key", default="", help="idempotency key: one key, one event")
    args = parser.parse_args()
    event = event_pb2.Event(type=args.type, data=args.data.encode(), idempotency_key=args.key)
    request = publish_service_pb2.PublishEventRequest(workspace=args.workspace, event=event)
    authorization = ("authorization", f"Bearer {os.environ['POSTHORN_KEY']}")
    with grpc.insecure_channel(args.target) as channel:
        stub = publish_service_pb2_grpc.PublishServiceStub(channel)
        try:
            print(stub.PublishEvent(request, metadata=[authorization], timeout=10).id)
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")


if __name__ == "__main__":
    main()
