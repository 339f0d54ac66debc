// Automatic differentiation and the modes that govern how operators run: gradient recording,
// autocast, threads. These are LibTorch's own entry points, not operators.
#pragma once

#include <napi.h>

namespace normfree {

// backward(): tape holds list of outputs, list of their gradients (or null), list of inputs,
// retainGraph, createGraph.
Napi::Value backward(const Napi::CallbackInfo& info);
// grad(): as backward, plus allowUnused; writes the list of gradients on the tape.
Napi::Value grad(const Napi::CallbackInfo& info);
// gradOf(handle) -> handle of .grad, 0 when there is none.
Napi::Value gradOf(const Napi::CallbackInfo& info);
// gradFnOf(handle) -> name of the recorded operation that made the tensor, "" when there is none.
Napi::Value gradFnOf(const Napi::CallbackInfo& info);
// setGrad(handle, gradHandle | 0).
Napi::Value setGrad(const Napi::CallbackInfo& info);
Napi::Value setRequiresGrad(const Napi::CallbackInfo& info);
// Each mode setter returns the former value.
Napi::Value setGradMode(const Napi::CallbackInfo& info);
// inference(function): what the function returns, called without autograd, not even view tracking.
Napi::Value inference(const Napi::CallbackInfo& info);
// setAutocast(deviceType: 'cpu' | 'cuda', enabled, dtype) -> [enabled, dtype] before.
Napi::Value setAutocast(const Napi::CallbackInfo& info);
Napi::Value clearAutocastCache(const Napi::CallbackInfo& info);
Napi::Value setNumThreads(const Napi::CallbackInfo& info);
Napi::Value engineInfo(const Napi::CallbackInfo& info);
// counts() -> { tensors, bytes } held by this environment.
Napi::Value counts(const Napi::CallbackInfo& info);

}  // namespace normfree
