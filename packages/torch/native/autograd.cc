// See autograd.h.
#include "autograd.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>

#include "state.h"

namespace normfree {

namespace {

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

bool readFlag(Tape& tape) {
  tape.next();
  return tape.next() != 0;
}

double handleArgument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().DoubleValue();
}

}  // namespace

Napi::Value backward(const Napi::CallbackInfo& info) {
  State& state = stateOf(info.Env());
  Tape tape = state.tape();
  const auto outputs = readTensors(state, tape);
  const auto gradients = readTensors(state, tape);
  const auto inputs = readTensors(state, tape);
  const bool retain = readFlag(tape);
  const bool create = readFlag(tape);
  torch::autograd::backward(outputs, gradients, retain, create, inputs);
  state.settle(info.Env());
  return info.Env().Undefined();
}

Napi::Value grad(const Napi::CallbackInfo& info) {
  State& state = stateOf(info.Env());
  Tape tape = state.tape();
  const auto outputs = readTensors(state, tape);
  const auto gradients = readTensors(state, tape);
  const auto inputs = readTensors(state, tape);
  const bool retain = readFlag(tape);
  const bool create = readFlag(tape);
  const bool allowUnused = readFlag(tape);
  const auto results = torch::autograd::grad(outputs, inputs, gradients, retain, create, allowUnused);
  tape.rewind();
  tape.put(1);
  tape.put(Tag::kList, static_cast<double>(results.size()));
  for (const auto& result : results) writeResult(state, tape, c10::IValue(result));
  state.settle(info.Env());
  return info.Env().Undefined();
}

Napi::Value gradOf(const Napi::CallbackInfo& info) {
  State& state = stateOf(info.Env());
  const at::Tensor gradient = state.tensor(handleArgument(info, 0)).grad();
  return Napi::Number::New(info.Env(), gradient.defined() ? state.hold(gradient) : 0);
}

Napi::Value gradFnOf(const Napi::CallbackInfo& info) {
  const auto& made = stateOf(info.Env()).tensor(handleArgument(info, 0)).grad_fn();
  return Napi::String::New(info.Env(), made ? made->name() : "");
}

Napi::Value setGrad(const Napi::CallbackInfo& info) {
  State& state = stateOf(info.Env());
  at::Tensor tensor = state.tensor(handleArgument(info, 0));
  const double handle = handleArgument(info, 1);
  const at::Tensor gradient = handle == 0 ? at::Tensor() : state.tensor(handle);
  if (gradient.defined() && (gradient.sizes() != tensor.sizes() || gradient.device() != tensor.device() ||
                             gradient.scalar_type() != tensor.scalar_type()))
    throw std::invalid_argument("Expected a gradient of the tensor's own shape, dtype and device.");
  tensor.mutable_grad() = gradient;
  return info.Env().Undefined();
}

Napi::Value setRequiresGrad(const Napi::CallbackInfo& info) {
  at::Tensor tensor = stateOf(info.Env()).tensor(handleArgument(info, 0));
  const bool wanted = info[1].As<Napi::Boolean>();
  if (!wanted && !tensor.is_leaf())
    throw std::invalid_argument("Expected a leaf tensor to switch requiresGrad off; use detach() instead.");
  tensor.set_requires_grad(wanted);
  return info.Env().Undefined();
}

Napi::Value setGradMode(const Napi::CallbackInfo& info) {
  const bool before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(info[0].As<Napi::Boolean>());
  return Napi::Boolean::New(info.Env(), before);
}

Napi::Value inference(const Napi::CallbackInfo& info) {
  const c10::InferenceMode mode;
  return info[0].As<Napi::Function>().Call({});
}

Napi::Value setAutocast(const Napi::CallbackInfo& info) {
  const at::DeviceType device = c10::Device(info[0].As<Napi::String>().Utf8Value()).type();
  auto before = Napi::Array::New(info.Env(), 2);
  before.Set(0u, Napi::Boolean::New(info.Env(), autocastEnabled(device)));
  before.Set(1u, Napi::Number::New(info.Env(), static_cast<int>(autocastType(device))));
  setAutocastMode(device, info[1].As<Napi::Boolean>(),
                  static_cast<at::ScalarType>(info[2].As<Napi::Number>().Int32Value()));
  return before;
}

Napi::Value clearAutocastCache(const Napi::CallbackInfo& info) {
  at::autocast::clear_cache();
  return info.Env().Undefined();
}

Napi::Value setNumThreads(const Napi::CallbackInfo& info) {
  at::set_num_threads(info[0].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

Napi::Value engineInfo(const Napi::CallbackInfo& info) {
  auto result = Napi::Object::New(info.Env());
  result.Set("version", TORCH_VERSION);
  result.Set("config", at::show_config());
  result.Set("threads", at::get_num_threads());
  result.Set("cuda", at::hasCUDA());
  return result;
}

Napi::Value counts(const Napi::CallbackInfo& info) {
  const State& state = stateOf(info.Env());
  auto result = Napi::Object::New(info.Env());
  result.Set("tensors", static_cast<double>(state.live()));
  result.Set("bytes", static_cast<double>(state.bytes()));
  return result;
}

}  // namespace normfree
