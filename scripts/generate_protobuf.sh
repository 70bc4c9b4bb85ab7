#!/bin/sh
# Regenerates the protobuf classes of reactor_env/client/wire (needs: pip install grpcio-tools).
set -eu
cd "$(dirname "$0")/.."
python -m grpc_tools.protoc --proto_path=. --python_out=. --pyi_out=. \
    reactor_env/client/wire/reactor_v1.proto
