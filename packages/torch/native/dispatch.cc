// See dispatch.h.
#include "dispatch.h"

#include "state.h"

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

Napi::Value resolve(const Napi::CallbackInfo& info) {
  State& state = stateOf(info.Env());
  const std::string name = info[0].As<Napi::String>();
  const std::string overload = info[1].As<Napi::String>();
  const auto handle = c10::Dispatcher::singleton().findSchema({name.c_str(), overload.c_str()});
  if (!handle) return Napi::Number::New(info.Env(), -1);
  Operator op{*handle, {}};
  for (const auto& argument : handle->schema().arguments()) op.arguments.emplace_back(argument);
  state.operators.push_back(std::move(op));
  return Napi::Number::New(info.Env(), static_cast<double>(state.operators.size() - 1));
}

Napi::Value invoke(const Napi::CallbackInfo& info) {
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

Napi::Value schemas(const Napi::CallbackInfo& info) {
  const auto names = c10::Dispatcher::singleton().getAllOpNames();
  auto result = Napi::Array::New(info.Env());
  uint32_t count = 0;
  for (const auto& name : names) {
    const auto handle = c10::Dispatcher::singleton().findSchema(name);
    if (!handle) continue;
    std::ostringstream text;
    text << handle->schema();
    result.Set(count++, Napi::String::New(info.Env(), text.str()));
  }
  return result;
}

}  // namespace normfree
