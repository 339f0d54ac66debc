// Random streams: a Generator is a native value with a handle, like a tensor, which operators that
// draw take as an argument. LibTorch guards each stream by a mutex; every access here takes it.
#include <ATen/Context.h>
#include <ATen/core/Generator.h>

#include <mutex>

#include "export.h"

namespace normfree {

static at::Generator generatorAt(const Napi::CallbackInfo& info) {
  const c10::IValue& value = stateOf(info.Env()).at(info[0].As<Napi::Number>().DoubleValue());
  if (!value.isGenerator()) throw std::invalid_argument("Expected a Generator but received another value.");
  return value.toGenerator();
}

// generator(device, own) -> handle of a new stream, or of the device's default one.
EXPORT(double, generator) {
  const c10::Device device(info[0].As<Napi::String>().Utf8Value());
  at::Generator stream = at::globalContext().defaultGenerator(device);
  if (!info[1].As<Napi::Boolean>()) return stateOf(info.Env()).hold(c10::IValue(stream));
  // A copy of the default stream, reseeded: the one way that every device has.
  std::lock_guard<std::mutex> lock(stream.mutex());
  at::Generator own = stream.clone();
  own.set_current_seed(c10::default_rng_seed_val);
  // LibTorch's copy lacks the weak count without which nothing deletes it.
  if (own.getIntrusivePtr().weak_use_count() == 0)
    c10::weak_intrusive_ptr<at::GeneratorImpl>(own.getIntrusivePtr()).release();
  return stateOf(info.Env()).hold(c10::IValue(own));
}

// seedGenerator(handle, seed).
EXPORT(void, seedGenerator) {
  at::Generator stream = generatorAt(info);
  std::lock_guard<std::mutex> lock(stream.mutex());
  stream.set_current_seed(static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value()));
}

// generatorSeed(handle) -> the seed that the stream started from.
EXPORT(double, generatorSeed) { return static_cast<double>(generatorAt(info).current_seed()); }

// generatorState(handle) -> handle of a uint8 CPU tensor.
EXPORT(double, generatorState) {
  at::Generator stream = generatorAt(info);
  std::lock_guard<std::mutex> lock(stream.mutex());
  return stateOf(info.Env()).hold(stream.get_state());
}

// setGeneratorState(handle, tensorHandle).
EXPORT(void, setGeneratorState) {
  at::Generator stream = generatorAt(info);
  std::lock_guard<std::mutex> lock(stream.mutex());
  stream.set_state(tensorAt(info, 1));
}

// manualSeed(seed): all default streams.
EXPORT(void, manualSeed) { at::manual_seed(static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value())); }

}  // namespace normfree
