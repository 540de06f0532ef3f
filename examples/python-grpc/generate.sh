#!/bin/sh
# Generates the Python of Posthorn's publishing protos into stubs/, or into the folder given.
# PYTHON names the Python that has grpcio-tools. Google's own protos come with
# googleapis-common-protos, so that of the vendored ones only buf/validate is compiled.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
protos=$here/../../proto
out=${1:-$here/stubs}
mkdir -p "$out"
"${PYTHON:-python3}" -m grpc_tools.protoc -I "$protos" -I "$protos/third_party" \
  --python_out="$out" --grpc_python_out="$out" \
  buf/validate/validate.proto \
  posthorn/type/v1/options.proto \
  posthorn/ingestion/v1/event.proto \
  posthorn/ingestion/v1/publish_service.proto
