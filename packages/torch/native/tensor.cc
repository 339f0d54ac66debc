// See tensor.h.
#include "tensor.h"

#include "state.h"

namespace normfree {

namespace {

// Where a typed array's elements are. Asked of the array, not of its buffer: Node-API answers for a
// SharedArrayBuffer only so.
uint8_t* bytesOf(const Napi::TypedArray& array) {
  void* data = nullptr;
  if (napi_get_typedarray_info(array.Env(), array, nullptr, nullptr, &data, nullptr, nullptr) != napi_ok)
    throw Napi::Error::New(array.Env());
  return static_cast<uint8_t*>(data);
}

}  // namespace

Napi::Value fromBuffer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  State& state = stateOf(env);
  const auto array = info[0].As<Napi::TypedArray>();
  const auto dtype = static_cast<at::ScalarType>(info[1].As<Napi::Number>().Int32Value());
  const auto sizesArray = info[2].As<Napi::Array>();
  std::vector<int64_t> sizes(sizesArray.Length());
  int64_t bytes = static_cast<int64_t>(c10::elementSize(dtype));
  for (uint32_t i = 0; i < sizes.size(); i++) {
    sizes[i] = sizesArray.Get(i).As<Napi::Number>().Int64Value();
    bytes *= sizes[i];
  }
  if (bytes != static_cast<int64_t>(array.ByteLength()))
    throw std::invalid_argument("Expected " + std::to_string(bytes) + " bytes for this shape but received " +
                                std::to_string(array.ByteLength()) + ".");
  state.settle(env);
  napi_ref ref;
  if (napi_create_reference(env, array, 1, &ref) != napi_ok) throw Napi::Error::New(env);
  auto graveyard = state.graveyard;
  const at::Tensor tensor = at::from_blob(
      bytesOf(array), sizes, [graveyard, ref](void*) { graveyard->bury(ref); }, at::TensorOptions(dtype));
  return Napi::Number::New(env, state.hold(tensor));
}

Napi::Value viewOf(const Napi::CallbackInfo& info) {
  at::Tensor tensor = stateOf(info.Env()).tensor(info[0].As<Napi::Number>().DoubleValue());
  // An external buffer of nothing is born detached; an ordinary one serves.
  if (tensor.nbytes() == 0) return Napi::ArrayBuffer::New(info.Env(), 0);
  // A zero that autograd knows to be one has no memory before it is copied.
  if (tensor._is_zerotensor()) tensor = tensor.clone();
  if (tensor.data_ptr() == nullptr) throw std::invalid_argument("Expected a tensor that has memory.");
  auto owner = std::make_unique<at::Tensor>(tensor);
  const auto buffer = Napi::ArrayBuffer::New(info.Env(), tensor.data_ptr(), tensor.nbytes(),
                                             [](Napi::Env, void*, at::Tensor* kept) { delete kept; }, owner.get());
  owner.release();
  return buffer;
}

Napi::Value describe(const Napi::CallbackInfo& info) {
  State& state = stateOf(info.Env());
  const at::Tensor& tensor = state.tensor(info[0].As<Napi::Number>().DoubleValue());
  Tape tape = state.tape();
  tape.put(static_cast<double>(tensor.scalar_type()));
  tape.put(tensor.requires_grad() ? 1 : 0);
  tape.put(tensor.is_leaf() ? 1 : 0);
  tape.put(static_cast<double>(tensor.dim()));
  for (const int64_t size : tensor.sizes()) tape.put(static_cast<double>(size));
  for (const int64_t stride : tensor.strides()) tape.put(static_cast<double>(stride));
  return info.Env().Undefined();
}

Napi::Value deviceOf(const Napi::CallbackInfo& info) {
  const at::Tensor& tensor = stateOf(info.Env()).tensor(info[0].As<Napi::Number>().DoubleValue());
  return Napi::String::New(info.Env(), tensor.device().str());
}

Napi::Value item(const Napi::CallbackInfo& info) {
  const at::Tensor& tensor = stateOf(info.Env()).tensor(info[0].As<Napi::Number>().DoubleValue());
  if (tensor.numel() != 1 || tensor.is_complex()) return info.Env().Undefined();
  const at::Scalar value = tensor.item();
  if (value.isFloatingPoint()) return Napi::Number::New(info.Env(), value.toDouble());
  if (value.isBoolean()) return Napi::Number::New(info.Env(), value.toBool() ? 1 : 0);
  constexpr int64_t kSafe = int64_t{1} << 53;
  const int64_t whole = value.toLong();
  if (whole > kSafe || whole < -kSafe) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(whole));
}

Napi::Value alias(const Napi::CallbackInfo& info) {
  State& state = stateOf(info.Env());
  const at::Tensor tensor = state.tensor(info[0].As<Napi::Number>().DoubleValue());
  return Napi::Number::New(info.Env(), state.hold(tensor));
}

Napi::Value release(const Napi::CallbackInfo& info) {
  State& state = stateOf(info.Env());
  Tape tape = state.tape();
  const size_t count = info[0].As<Napi::Number>().Uint32Value();
  for (size_t i = 0; i < count; i++) state.release(tape.next());
  state.settle(info.Env());
  return info.Env().Undefined();
}

}  // namespace normfree
