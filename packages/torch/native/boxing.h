// Converts between the tape and LibTorch's boxed values (IValue), driven by the type that an
// operator's schema gives to each argument.
#pragma once

#include <ATen/core/function_schema.h>

#include <memory>

#include "tape.h"
#include "version.h"

namespace normfree {

class State;

// A schema type, reduced once per operator to what reading an argument needs.
struct ArgumentType {
  enum class Kind { kTensor, kInt, kFloat, kScalar, kBool, kString, kDevice, kGenerator, kOpaque, kList };

  explicit ArgumentType(const c10::Argument& argument);
  explicit ArgumentType(const c10::TypePtr& type);

  Kind kind = Kind::kOpaque;
  bool optional = false;
  std::unique_ptr<ArgumentType> element;  // of a list
  c10::TypePtr elementType;
  int64_t fixedLength = 0;                // `int[2]`: a single value stands for two equal ones
  Optional<c10::IValue> defaultValue;
  std::string name;
};

// What an argument that was not given is: the default of the schema, nothing for an optional one.
c10::IValue defaultOf(const ArgumentType& type);
c10::IValue readArgument(const State& state, Tape& tape, const ArgumentType& type);
// Entries that writeResult puts on the tape, at most. Results are measured first: a half-written one
// would leave handles that nobody knows of.
size_t entriesOf(const c10::IValue& value);
void writeResult(State& state, Tape& tape, const c10::IValue& value);

// A list of tensors; empty where there is no list, undefined tensors where null stands in it.
std::vector<at::Tensor> readTensors(const State& state, Tape& tape);
// Writes a message of one list, for which JavaScript has made room.
void writeTensors(State& state, const std::vector<at::Tensor>& tensors);

}  // namespace normfree
