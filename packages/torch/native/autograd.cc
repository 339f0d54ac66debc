// Automatic differentiation and the modes that govern how operators run: gradient recording,
// autocast, threads. These are LibTorch's own entry points, not operators.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>

#include "export.h"

namespace normfree {

namespace {

bool readFlag(Tape& tape) {
  tape.next();
  return tape.next() != 0;
}

// The tape holds them in this order; a gradient may be null.
struct Pass {
  Pass(const State& state, Tape tape)
      : outputs(readTensors(state, tape)), gradients(readTensors(state, tape)), inputs(readTensors(state, tape)),
        retain(readFlag(tape)), create(readFlag(tape)), allowUnused(readFlag(tape)) {}
  const std::vector<at::Tensor> outputs, gradients, inputs;
  const bool retain, create, allowUnused;
};

}  // namespace

// backward(): the tape holds a Pass; `allowUnused` is grad's.
EXPORT(void, backward) {
  State& state = stateOf(info.Env());
  const Pass pass(state, state.tape());
  state.thread->pass([&] {
    torch::autograd::backward(pass.outputs, pass.gradients, pass.retain, pass.create, pass.inputs);
  });
  state.settle(info.Env());
}

// grad(): as backward; leaves the list of gradients on the tape.
EXPORT(void, grad) {
  State& state = stateOf(info.Env());
  const Pass pass(state, state.tape());
  std::vector<at::Tensor> results;
  state.thread->pass([&] {
    results = torch::autograd::grad(pass.outputs, pass.inputs, pass.gradients, pass.retain, pass.create,
                                    pass.allowUnused);
  });
  writeTensors(state, results);
  state.settle(info.Env());
}

// gradOf(handle) -> handle of .grad, 0 when there is none.
EXPORT(double, gradOf) {
  const at::Tensor gradient = tensorAt(info, 0).grad();
  return gradient.defined() ? stateOf(info.Env()).hold(gradient) : 0;
}

// gradFnOf(handle) -> name of the recorded operation that made the tensor, "" when there is none.
EXPORT(std::string, gradFnOf) {
  const auto& made = tensorAt(info, 0).grad_fn();
  return made ? made->name() : "";
}

// setGrad(handle, gradHandle | 0).
EXPORT(void, setGrad) {
  const at::Tensor& tensor = tensorAt(info, 0);
  const bool clear = info[1].As<Napi::Number>().DoubleValue() == 0;
  const at::Tensor gradient = clear ? at::Tensor() : tensorAt(info, 1);
  if (gradient.defined() && (gradient.sizes() != tensor.sizes() || gradient.device() != tensor.device() ||
                             gradient.scalar_type() != tensor.scalar_type()))
    throw std::invalid_argument("Expected a gradient of the tensor's own shape, dtype and device.");
  tensor.mutable_grad() = gradient;
}

EXPORT(void, setRequiresGrad) {
  const at::Tensor& tensor = tensorAt(info, 0);
  const bool wanted = info[1].As<Napi::Boolean>();
  if (!wanted && !tensor.is_leaf())
    throw std::invalid_argument("Expected a leaf tensor to switch requiresGrad off; use detach() instead.");
  tensor.set_requires_grad(wanted);
}

EXPORT(bool, gradMode) { return c10::GradMode::is_enabled(); }

EXPORT(void, setGradMode) { c10::GradMode::set_enabled(info[0].As<Napi::Boolean>()); }

// inference(function): what the function returns, called without autograd, not even view tracking.
EXPORT(Napi::Value, inference) {
  const c10::InferenceMode mode;
  return info[0].As<Napi::Function>().Call({});
}

// setAutocast(deviceType: 'cpu' | 'cuda', enabled, dtype) -> [enabled, dtype] before.
EXPORT(Napi::Value, setAutocast) {
  const at::DeviceType device = c10::Device(info[0].As<Napi::String>().Utf8Value()).type();
  auto before = Napi::Array::New(info.Env(), 2);
  before.Set(0u, autocastEnabled(device));
  before.Set(1u, static_cast<int>(autocastType(device)));
  setAutocastMode(device, info[1].As<Napi::Boolean>(),
                  static_cast<at::ScalarType>(info[2].As<Napi::Number>().Int32Value()));
  return before;
}

EXPORT(void, clearAutocastCache) { at::autocast::clear_cache(); }

EXPORT(void, setNumThreads) { at::set_num_threads(info[0].As<Napi::Number>().Int32Value()); }

EXPORT(Napi::Value, engineInfo) {
  auto result = Napi::Object::New(info.Env());
  result.Set("version", TORCH_VERSION);
  result.Set("config", at::show_config());
  result.Set("threads", at::get_num_threads());
  result.Set("cuda", at::hasCUDA());
  return result;
}

// counts() -> { tensors, bytes } held by this environment.
EXPORT(Napi::Value, counts) {
  const State& state = stateOf(info.Env());
  auto result = Napi::Object::New(info.Env());
  result.Set("tensors", static_cast<double>(state.live()));
  result.Set("bytes", static_cast<double>(state.bytes()));
  return result;
}

}  // namespace normfree
