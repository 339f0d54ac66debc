// See random.h.
#include "random.h"

#include <ATen/Context.h>
#include <ATen/core/Generator.h>

#include <mutex>

#include "state.h"

namespace normfree {

namespace {

at::Generator generatorAt(const Napi::CallbackInfo& info) {
  const c10::IValue& value = stateOf(info.Env()).at(info[0].As<Napi::Number>().DoubleValue());
  if (!value.isGenerator()) throw std::invalid_argument("Expected a Generator but received another value.");
  return value.toGenerator();
}

uint64_t seedAt(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<uint64_t>(info[index].As<Napi::Number>().Int64Value());
}

}  // namespace

Napi::Value generator(const Napi::CallbackInfo& info) {
  const c10::Device device(info[0].As<Napi::String>().Utf8Value());
  at::Generator stream = at::globalContext().defaultGenerator(device);
  if (!info[1].As<Napi::Boolean>())
    return Napi::Number::New(info.Env(), stateOf(info.Env()).hold(c10::IValue(stream)));
  // A copy of the default stream, reseeded: the one way that every device has.
  std::lock_guard<std::mutex> lock(stream.mutex());
  at::Generator own = stream.clone();
  own.set_current_seed(c10::default_rng_seed_val);
  return Napi::Number::New(info.Env(), stateOf(info.Env()).hold(c10::IValue(own)));
}

Napi::Value seedGenerator(const Napi::CallbackInfo& info) {
  at::Generator stream = generatorAt(info);
  std::lock_guard<std::mutex> lock(stream.mutex());
  stream.set_current_seed(seedAt(info, 1));
  return info.Env().Undefined();
}

Napi::Value generatorSeed(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(generatorAt(info).current_seed()));
}

Napi::Value generatorState(const Napi::CallbackInfo& info) {
  at::Generator stream = generatorAt(info);
  std::lock_guard<std::mutex> lock(stream.mutex());
  return Napi::Number::New(info.Env(), stateOf(info.Env()).hold(stream.get_state()));
}

Napi::Value setGeneratorState(const Napi::CallbackInfo& info) {
  at::Generator stream = generatorAt(info);
  const at::Tensor state = stateOf(info.Env()).tensor(info[1].As<Napi::Number>().DoubleValue());
  std::lock_guard<std::mutex> lock(stream.mutex());
  stream.set_state(state);
  return info.Env().Undefined();
}

Napi::Value manualSeed(const Napi::CallbackInfo& info) {
  at::manual_seed(seedAt(info, 0));
  return info.Env().Undefined();
}

}  // namespace normfree
