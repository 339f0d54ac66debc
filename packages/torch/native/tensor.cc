// Tensors in and out of JavaScript memory, and their metadata. No arithmetic.
#include "export.h"

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

// fromBuffer(typedArray, dtype, sizes) -> handle of a tensor that borrows the array's memory.
EXPORT(double, fromBuffer) {
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
  return state.hold(tensor);
}

// viewOf(handle) -> ArrayBuffer over the bytes of a contiguous CPU tensor, which it keeps alive.
EXPORT(Napi::Value, viewOf) {
  at::Tensor tensor = tensorAt(info, 0);
  // An external buffer of nothing is born detached; an ordinary one serves.
  if (tensor.nbytes() == 0) return Napi::ArrayBuffer::New(info.Env(), 0);
  if (tensor._is_zerotensor()) tensor = tensor.clone();  // autograd spares the memory of its zeros
  if (tensor.data_ptr() == nullptr) throw std::invalid_argument("Expected a tensor that has memory.");
  auto owner = std::make_unique<at::Tensor>(tensor);
  const auto buffer = Napi::ArrayBuffer::New(info.Env(), tensor.data_ptr(), tensor.nbytes(),
                                             [](Napi::Env, void*, at::Tensor* kept) { delete kept; }, owner.get());
  owner.release();
  return buffer;
}

// describe(handle): dtype, requiresGrad, isLeaf, dimensions, sizes, strides, on the tape.
EXPORT(void, describe) {
  const at::Tensor& tensor = tensorAt(info, 0);
  Tape tape = stateOf(info.Env()).tape();
  const std::array head{int64_t(tensor.scalar_type()), int64_t(tensor.requires_grad()), int64_t(tensor.is_leaf()), tensor.dim()};
  for (const int64_t value : head) tape.put(static_cast<double>(value));
  for (const int64_t size : tensor.sizes()) tape.put(static_cast<double>(size));
  for (const int64_t stride : tensor.strides()) tape.put(static_cast<double>(stride));
}

// deviceOf(handle) -> 'cpu' or 'cuda:0'.
EXPORT(std::string, deviceOf) { return tensorAt(info, 0).device().str(); }

// item(handle) -> the only element as a number; undefined where there are more, where it is complex or
// an integer beyond 2^53.
EXPORT(Napi::Value, item) {
  const at::Tensor& tensor = tensorAt(info, 0);
  if (tensor.numel() != 1 || tensor.is_complex()) return info.Env().Undefined();
  const at::Scalar value = tensor.item();
  if (value.isFloatingPoint()) return Napi::Number::New(info.Env(), value.toDouble());
  if (value.isBoolean()) return Napi::Number::New(info.Env(), value.toBool() ? 1 : 0);
  constexpr int64_t kSafe = int64_t{1} << 53;
  const int64_t whole = value.toLong();
  if (whole > kSafe || whole < -kSafe) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(whole));
}

// alias(handle) -> another handle of the same tensor.
EXPORT(double, alias) { return stateOf(info.Env()).hold(at::Tensor(tensorAt(info, 0))); }

// release(count): releases the handles on the tape; those released before are passed over.
EXPORT(void, release) {
  State& state = stateOf(info.Env());
  Tape tape = state.tape();
  const size_t count = info[0].As<Napi::Number>().Uint32Value();
  for (size_t i = 0; i < count; i++) state.release(tape.next());
  state.settle(info.Env());
}

}  // namespace normfree
