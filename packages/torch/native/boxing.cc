// See boxing.h.
#include "boxing.h"

#include <ATen/core/List.h>
#include <ATen/core/jit_type.h>

#include <unordered_map>

#include "state.h"

namespace normfree {

using Kind = ArgumentType::Kind;

namespace {

Kind kindOf(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType: return Kind::kTensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return Kind::kInt;
    case c10::TypeKind::FloatType: return Kind::kFloat;
    case c10::TypeKind::NumberType: return Kind::kScalar;
    case c10::TypeKind::BoolType: return Kind::kBool;
    case c10::TypeKind::StringType: return Kind::kString;
    case c10::TypeKind::DeviceObjType: return Kind::kDevice;
    case c10::TypeKind::GeneratorType: return Kind::kGenerator;
    case c10::TypeKind::ListType: return Kind::kList;
    default: return Kind::kOpaque;
  }
}

[[noreturn]] void refuse(const ArgumentType& type, Tag tag) {
  static const char* const kKinds[] = {"a Tensor", "an integer", "a number", "a number or a boolean", "a boolean",
                                       "a string", "a device such as 'cpu' or 'cuda:0'", "a Generator",
                                       "a native value", "an array"};  // in the order of Kind
  static const char* const kTags[] = {"null", "a Tensor", "an integer", "a number", "a boolean",
                                      "a string", "an array", "nothing", "a bigint"};
  const auto index = static_cast<size_t>(tag);
  throw std::invalid_argument("Expected " + std::string(kKinds[static_cast<size_t>(type.kind)]) + " for `" +
                              type.name + "` but received " + (index <= 8 ? kTags[index] : "another value") + ".");
}

// Schemas give enumerations the type int; JavaScript gives them PyTorch's names.
int64_t enumValue(const std::string& name, const ArgumentType& type) {
  using Format = at::MemoryFormat;
  static constexpr auto of = [](auto value) { return static_cast<int64_t>(value); };
  // `packages/torch/src/types.ts` lists the same names.
  static const std::unordered_map<std::string, int64_t> kNames = {
      {"uint8", of(at::kByte)}, {"int8", of(at::kChar)}, {"int16", of(at::kShort)}, {"int32", of(at::kInt)},
      {"int64", of(at::kLong)}, {"float16", of(at::kHalf)}, {"float32", of(at::kFloat)},
      {"float64", of(at::kDouble)}, {"complex64", of(at::kComplexFloat)}, {"complex128", of(at::kComplexDouble)},
      {"bool", of(at::kBool)}, {"bfloat16", of(at::kBFloat16)}, {"contiguous_format", of(Format::Contiguous)},
      {"preserve_format", of(Format::Preserve)}, {"channels_last", of(Format::ChannelsLast)},
      {"channels_last_3d", of(Format::ChannelsLast3d)}, {"strided", of(at::Layout::Strided)},
      {"sparse_coo", of(at::Layout::Sparse)}};
  const auto found = kNames.find(name);
  if (found == kNames.end())
    throw std::invalid_argument("Expected a dtype, memory format or layout for `" + type.name +
                                "` but received \"" + name + "\".");
  return found->second;
}

c10::IValue readNumber(Tape& tape, const ArgumentType& type) {
  const Tag tag = tape.nextTag();
  const bool wantsFloat = type.kind == Kind::kFloat;
  const bool wantsInt = type.kind == Kind::kInt;
  if (tag == Tag::kInt) {
    const double value = tape.next();
    return wantsFloat ? c10::IValue(value) : c10::IValue(static_cast<int64_t>(value));
  }
  if (tag == Tag::kInt64 && !wantsFloat) return c10::IValue(tape.nextInt64());
  if (tag == Tag::kDouble && !wantsInt) return c10::IValue(tape.next());
  if (tag == Tag::kString && wantsInt) return c10::IValue(enumValue(tape.nextString(), type));
  if (tag == Tag::kBool && type.kind == Kind::kScalar) return c10::IValue(tape.next() != 0);
  refuse(type, tag);
}

c10::IValue readList(const State& state, Tape& tape, const ArgumentType& type) {
  const ArgumentType& element = *type.element;
  c10::impl::GenericList list(type.elementType);
  const Tag tag = tape.peekTag();
  if (tag != Tag::kList) {
    if (type.fixedLength == 0 || tag == Tag::kNone) refuse(type, tag);
    list.resize(static_cast<size_t>(type.fixedLength), readArgument(state, tape, element));
    return list;
  }
  tape.next();
  const auto length = static_cast<size_t>(tape.next());
  list.reserve(length);
  for (size_t i = 0; i < length; i++) list.push_back(readArgument(state, tape, element));
  return list;
}

c10::ArrayRef<c10::IValue> itemsOf(const c10::IValue& value) {
  return value.isTuple() ? c10::ArrayRef<c10::IValue>(value.toTupleRef().elements()) : value.toListRef();
}

}  // namespace

ArgumentType::ArgumentType(const c10::Argument& argument) : ArgumentType(argument.type()) {
  name = argument.name();
  if (argument.N()) fixedLength = *argument.N();
  if (argument.default_value()) defaultValue = *argument.default_value();
  if (element) element->name = name;
}

ArgumentType::ArgumentType(const c10::TypePtr& type) {
  c10::TypePtr inner = type;
  if (auto wrapped = inner->cast<c10::OptionalType>()) {
    optional = true;
    inner = wrapped->getElementType();
  }
  kind = kindOf(*inner);
  if (auto list = inner->cast<c10::ListType>()) {
    elementType = list->getElementType();
    element = std::make_unique<ArgumentType>(elementType);
    // Symbolic sizes are given as plain ones.
    if (element->kind == Kind::kInt) elementType = c10::IntType::get();
  }
}

c10::IValue defaultOf(const ArgumentType& type) {
  if (!type.defaultValue && !type.optional) refuse(type, Tag::kDefault);
  return type.defaultValue ? *type.defaultValue : c10::IValue();
}

c10::IValue readArgument(const State& state, Tape& tape, const ArgumentType& type) {
  const Tag tag = tape.peekTag();
  if (tag == Tag::kDefault) {
    tape.next();
    return defaultOf(type);
  }
  if (tag == Tag::kNone && type.optional) {
    tape.next();
    return c10::IValue();
  }
  switch (type.kind) {
    case Kind::kTensor:
      if (tag != Tag::kHandle) refuse(type, tag);
      tape.next();
      return state.tensor(tape.next());
    case Kind::kInt:
    case Kind::kFloat:
    case Kind::kScalar: return readNumber(tape, type);
    case Kind::kBool:
      if (tag != Tag::kBool) refuse(type, tag);
      tape.next();
      return tape.next() != 0;
    case Kind::kString:
    case Kind::kDevice:
      if (tag != Tag::kString) refuse(type, tag);
      tape.next();
      if (type.kind == Kind::kDevice) return c10::Device(tape.nextString());
      return tape.nextString();
    case Kind::kList: return readList(state, tape, type);
    case Kind::kGenerator: {
      if (tag != Tag::kHandle) refuse(type, tag);
      tape.next();
      const c10::IValue& value = state.at(tape.next());
      if (!value.isGenerator()) refuse(type, tag);
      return value;
    }
    case Kind::kOpaque:
      if (tag != Tag::kHandle) refuse(type, tag);
      tape.next();
      return state.at(tape.next());
  }
  refuse(type, tag);
}

size_t entriesOf(const c10::IValue& value) {
  if (value.isString()) return 2 + value.toStringRef().size();
  if (value.isDevice()) return 2 + value.toDevice().str().size();
  if (!value.isTuple() && !value.isList()) return 3;  // the longest single value is an int64
  size_t entries = 2;
  for (const auto& item : itemsOf(value)) entries += entriesOf(item);
  return entries;
}

void writeResult(State& state, Tape& tape, const c10::IValue& value) {
  if (value.isNone() || (value.isTensor() && !value.toTensor().defined())) return tape.put(Tag::kNone, 0);
  if (value.isTensor()) return tape.put(Tag::kHandle, state.hold(value));
  if (value.isInt()) return tape.putInt(value.toInt());
  if (value.isDouble()) return tape.put(Tag::kDouble, value.toDouble());
  if (value.isBool()) return tape.put(Tag::kBool, value.toBool() ? 1 : 0);
  if (value.isString()) return tape.putString(value.toStringRef());
  if (value.isDevice()) return tape.putString(value.toDevice().str());
  if (!value.isTuple() && !value.isList()) return tape.put(Tag::kHandle, state.hold(value));
  const auto items = itemsOf(value);
  tape.put(Tag::kList, static_cast<double>(items.size()));
  for (const auto& item : items) writeResult(state, tape, item);
}

std::vector<at::Tensor> readTensors(const State& state, Tape& tape) {
  std::vector<at::Tensor> tensors;
  if (tape.nextTag() != Tag::kList) {
    tape.next();
    return tensors;
  }
  const auto count = static_cast<size_t>(tape.next());
  tensors.reserve(count);
  for (size_t i = 0; i < count; i++) {
    const Tag tag = tape.nextTag();
    if (tag != Tag::kHandle && tag != Tag::kNone)
      throw std::invalid_argument("Expected tensors but received another value among them.");
    tensors.push_back(tag == Tag::kHandle ? state.tensor(tape.next()) : at::Tensor());
  }
  return tensors;
}

void writeTensors(State& state, const std::vector<at::Tensor>& tensors) {
  Tape tape = state.tape();
  tape.put(1);
  tape.put(Tag::kList, static_cast<double>(tensors.size()));
  for (const auto& tensor : tensors) writeResult(state, tape, c10::IValue(tensor));
}

}  // namespace normfree
