// Random streams: a Generator is a native value with a handle, like a tensor, which operators that
// draw take as an argument. LibTorch guards each stream by a mutex; every access here takes it.
#pragma once

#include <napi.h>

namespace normfree {

// generator(device, own) -> handle of a new stream, or of the device's default one.
Napi::Value generator(const Napi::CallbackInfo& info);
// seedGenerator(handle, seed).
Napi::Value seedGenerator(const Napi::CallbackInfo& info);
// generatorSeed(handle) -> the seed that the stream started from.
Napi::Value generatorSeed(const Napi::CallbackInfo& info);
// generatorState(handle) -> handle of a uint8 CPU tensor.
Napi::Value generatorState(const Napi::CallbackInfo& info);
// setGeneratorState(handle, tensorHandle).
Napi::Value setGeneratorState(const Napi::CallbackInfo& info);
// manualSeed(seed): all default streams.
Napi::Value manualSeed(const Napi::CallbackInfo& info);

}  // namespace normfree
