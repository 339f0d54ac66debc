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

const char* describe(Kind kind) {
  switch (kind) {
    case Kind::kTensor: return "a Tensor";
    case Kind::kInt: return "an integer";
    case Kind::kFloat: return "a number";
    case Kind::kScalar: return "a number or a boolean";
    case Kind::kBool: return "a boolean";
    case Kind::kString: return "a string";
    case Kind::kDevice: return "a device such as 'cpu' or 'cuda:0'";
    case Kind::kGenerator: return "a Generator";
    case Kind::kList: return "an array";
    default: return "a native value";
  }
}

[[noreturn]] void refuse(const ArgumentType& type, Tag tag) {
  static const char* const kNames[] = {"null", "a Tensor", "an integer", "a number", "a boolean",
                                       "a string", "an array", "nothing", "a bigint"};
  const int index = static_cast<int>(tag);
  throw std::invalid_argument("Expected " + std::string(describe(type.kind)) + " for `" + type.name +
                              "` but received " + (index <= 8 ? kNames[index] : "another value") + ".");
}

// Schemas give enumerations the type int; JavaScript gives them PyTorch's names.
int64_t enumValue(const std::string& name, const ArgumentType& type) {
  static const std::unordered_map<std::string, int64_t> kNames = [] {
    std::unordered_map<std::string, int64_t> names = {
        {"contiguous_format", static_cast<int64_t>(at::MemoryFormat::Contiguous)},
        {"preserve_format", static_cast<int64_t>(at::MemoryFormat::Preserve)},
        {"channels_last", static_cast<int64_t>(at::MemoryFormat::ChannelsLast)},
        {"channels_last_3d", static_cast<int64_t>(at::MemoryFormat::ChannelsLast3d)},
        {"strided", static_cast<int64_t>(at::Layout::Strided)},
        {"sparse_coo", static_cast<int64_t>(at::Layout::Sparse)},
    };
    for (const auto& [dtype, name] : kDtypes) names[name] = static_cast<int64_t>(dtype);
    return names;
  }();
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

template <typename T, typename Convert>
c10::List<T> collect(const State& state, Tape& tape, const ArgumentType& type, int64_t length,
                     Convert convert) {
  c10::List<T> list;
  list.reserve(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; i++) list.push_back(convert(readArgument(state, tape, *type.element)));
  return list;
}

// Lists of plain numbers are read without going through what an argument may be besides.
template <typename T, typename Convert>
c10::List<T> numbers(Tape& tape, const ArgumentType& element, int64_t length, Convert convert) {
  c10::List<T> list;
  list.reserve(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; i++) list.push_back(convert(readNumber(tape, element)));
  return list;
}

c10::IValue readList(const State& state, Tape& tape, const ArgumentType& type) {
  const ArgumentType& element = *type.element;
  const Tag tag = tape.peekTag();
  if (tag != Tag::kList) {
    if (type.fixedLength == 0 || tag == Tag::kNone) refuse(type, tag);
    const c10::IValue one = readArgument(state, tape, element);
    const auto count = static_cast<size_t>(type.fixedLength);
    if (element.kind == Kind::kInt) return c10::List<int64_t>(std::vector<int64_t>(count, one.toInt()));
    if (element.kind == Kind::kFloat) return c10::List<double>(std::vector<double>(count, one.toDouble()));
    if (element.kind == Kind::kBool) {
      c10::List<bool> list;
      for (size_t i = 0; i < count; i++) list.push_back(one.toBool());
      return list;
    }
    refuse(type, tag);
  }
  tape.next();
  const auto length = static_cast<int64_t>(tape.next());
  switch (element.kind) {
    case Kind::kTensor:
      if (element.optional)
        return collect<Optional<at::Tensor>>(state, tape, type, length, [](const c10::IValue& v) {
          return v.isNone() ? Optional<at::Tensor>() : Optional<at::Tensor>(v.toTensor());
        });
      return collect<at::Tensor>(state, tape, type, length, [](const c10::IValue& v) { return v.toTensor(); });
    case Kind::kInt:
      return numbers<int64_t>(tape, element, length, [](const c10::IValue& v) { return v.toInt(); });
    case Kind::kFloat:
      return numbers<double>(tape, element, length, [](const c10::IValue& v) { return v.toDouble(); });
    case Kind::kBool:
      return collect<bool>(state, tape, type, length, [](const c10::IValue& v) { return v.toBool(); });
    case Kind::kScalar:
      return collect<at::Scalar>(state, tape, type, length, [](const c10::IValue& v) { return v.toScalar(); });
    case Kind::kString:
      return collect<std::string>(state, tape, type, length, [](const c10::IValue& v) { return v.toStringRef(); });
    default: refuse(type, tag);
  }
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
  if (auto list = inner->cast<c10::ListType>()) element = std::make_unique<ArgumentType>(list->getElementType());
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

}  // namespace normfree
