// The part of ONNX's file format that a graph of float operators needs, field by field as onnx.proto
// numbers it (https://github.com/onnx/onnx, IR version 8), and its encoder.
import protobuf from 'protobufjs'

const SOURCE = `
syntax = "proto2";
package onnx;

message AttributeProto {
  required string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  optional bytes s = 4;
  repeated int64 ints = 8;
  required int32 type = 20;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  required string name = 3;
  required string op_type = 4;
  repeated AttributeProto attribute = 5;
}
message Entry {
  required string key = 1;
  required string value = 2;
}
message TensorProto {
  repeated int64 dims = 1;
  required int32 data_type = 2;
  required string name = 8;
  optional bytes raw_data = 9;
  repeated Entry external_data = 13;
  optional int32 data_location = 14;
}
message Dimension {
  optional int64 dim_value = 1;
  optional string dim_param = 2;
}
message TensorShapeProto {
  repeated Dimension dim = 1;
}
message TensorType {
  required int32 elem_type = 1;
  required TensorShapeProto shape = 2;
}
message TypeProto {
  required TensorType tensor_type = 1;
}
message ValueInfoProto {
  required string name = 1;
  required TypeProto type = 2;
}
message GraphProto {
  repeated NodeProto node = 1;
  required string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message OperatorSetIdProto {
  required string domain = 1;
  required int64 version = 2;
}
message ModelProto {
  required int64 ir_version = 1;
  required string producer_name = 2;
  required GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated Entry metadata_props = 14;
}
`

/** Kinds of attributes, by AttributeProto.type. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const

export interface Attribute {
  name: string
  type: number
  f?: number
  i?: number
  s?: Uint8Array
  ints?: number[]
}

export interface Node {
  input: string[]
  output: string[]
  name: string
  opType: string
  attribute: Attribute[]
}

interface Entry {
  key: string
  value: string
}

export interface Initializer {
  dims: readonly number[]
  /** TensorProto.DataType. */
  dataType: number
  name: string
  /** Little-endian elements, row-major. */
  rawData?: Uint8Array
  externalData?: Entry[]
  /** 1: the elements are in another file. */
  dataLocation?: number
}

export interface ValueInfo {
  name: string
  type: {
    tensorType: { elemType: number; shape: { dim: { dimValue?: number; dimParam?: string }[] } }
  }
}

export interface Model {
  irVersion: number
  producerName: string
  graph: {
    node: Node[]
    name: string
    initializer: Initializer[]
    input: ValueInfo[]
    output: ValueInfo[]
  }
  opsetImport: { domain: string; version: number }[]
  metadataProps: Entry[]
}

const ModelProto = protobuf.parse(SOURCE).root.lookupType('onnx.ModelProto')

/** The bytes of a file. */
export const encodeModel = (model: Model): Uint8Array =>
  ModelProto.encode(model as unknown as protobuf.Message).finish()
