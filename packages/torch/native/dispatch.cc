// Looks operators up in LibTorch's dispatcher by their schema name and calls them boxed. No
// operator is known here by name: the schema says how each argument is converted.
#include "export.h"

namespace normfree {

namespace {

// The argument that this result is, for in-place operators and those that return their input
// unchanged, so that JavaScript hands back the same Tensor object. -1: none of them.
int aliasOf(const c10::IValue& result, const std::vector<const void*>& inputs) {
  if (!result.isTensor() || !result.toTensor().defined()) return -1;
  const void* impl = result.toTensor().unsafeGetTensorImpl();
  for (size_t i = 0; i < inputs.size(); i++)
    if (inputs[i] == impl) return static_cast<int>(i);
  return -1;
}

Napi::Value writeResults(Napi::Env env, const torch::jit::Stack& results,
                         const std::vector<const void*>& inputs) {
  State& state = stateOf(env);
  size_t entries = 1;
  for (const auto& result : results) entries += entriesOf(result);
  const Napi::Value longer = state.growTape(env, entries);
  Tape tape = state.tape();
  tape.put(static_cast<double>(results.size()));
  for (const auto& result : results) {
    const int alias = aliasOf(result, inputs);
    if (alias >= 0) tape.put(Tag::kAlias, alias);
    else writeResult(state, tape, result);
  }
  return longer;
}

}  // namespace

// resolve(name, overload) -> index for invoke(); -1 when the loaded LibTorch has no such operator.
EXPORT(int, resolve) {
  State& state = stateOf(info.Env());
  const std::string name = info[0].As<Napi::String>();
  const std::string overload = info[1].As<Napi::String>();
  const auto handle = c10::Dispatcher::singleton().findSchema({name.c_str(), overload.c_str()});
  if (!handle) return -1;
  Operator op{*handle, {}};
  for (const auto& argument : handle->schema().arguments()) op.arguments.emplace_back(argument);
  state.operators.push_back(std::move(op));
  return static_cast<int>(state.operators.size() - 1);
}

// invoke(index, count): arguments are read from the tape, results written over them. Returns the
// longer tape that the results needed, undefined as a rule.
EXPORT(Napi::Value, invoke) {
  State& state = stateOf(info.Env());
  const Operator& op = state.operators.at(info[0].As<Napi::Number>().Uint32Value());
  const size_t given = info[1].As<Napi::Number>().Uint32Value();
  if (given > op.arguments.size())
    throw std::invalid_argument("Expected at most " + std::to_string(op.arguments.size()) +
                                " arguments but received " + std::to_string(given) + ".");
  torch::jit::Stack stack;
  stack.reserve(op.arguments.size());
  std::vector<const void*> inputs(given, nullptr);
  Tape tape = state.tape();
  for (size_t i = 0; i < op.arguments.size(); i++) {
    const ArgumentType& type = op.arguments[i];
    if (i < given) {
      stack.push_back(readArgument(state, tape, type));
      if (stack.back().isTensor()) inputs[i] = stack.back().toTensor().unsafeGetTensorImpl();
    } else {
      stack.push_back(defaultOf(type));
    }
  }
  op.handle.callBoxed(stack);
  const Napi::Value longer = writeResults(info.Env(), stack, inputs);
  state.settle(info.Env());
  return longer;
}

// schemas() -> every registered schema, as LibTorch prints it.
EXPORT(Napi::Value, schemas) {
  auto result = Napi::Array::New(info.Env());
  for (const auto& name : c10::Dispatcher::singleton().getAllOpNames()) {
    const auto handle = c10::Dispatcher::singleton().findSchema(name);
    if (handle) result.Set(result.Length(), c10::toString(handle->schema()));
  }
  return result;
}

}  // namespace normfree
