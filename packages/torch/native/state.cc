// See state.h.
#include "state.h"

#include <algorithm>
#include <cmath>

#include "script.h"

namespace normfree {

namespace {
constexpr double kSlots = 16777216.0;          // 2^24
constexpr double kEnd = 9007199254740992.0;  // 2^53: beyond it doubles skip integers
// The last generation whose handles a double still holds exactly: 2^29 of 2^24 slots are 2^53.
constexpr uint32_t kLastGeneration = (uint32_t{1} << 29) - 1;
constexpr int64_t kSettleBytes = int64_t{4} << 20;

// Bytes that would be freed with this tensor: none for a view or another owner's storage.
int64_t ownedBytes(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage() || !tensor.storage()) return 0;
  // A borrowed JavaScript buffer is not resizable, and V8 counts it already.
  if (!tensor.storage().resizable()) return 0;
  return tensor.storage().use_count() == 1 ? static_cast<int64_t>(tensor.storage().nbytes()) : 0;
}
}  // namespace

void Graveyard::bury(napi_ref ref) {
  std::lock_guard<std::mutex> lock(mutex_);
  refs_.push_back(ref);
  occupied_.store(true, std::memory_order_release);
}

void Graveyard::sweep(napi_env env) {
  if (!occupied_.load(std::memory_order_acquire)) return;
  std::vector<napi_ref> refs;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    refs.swap(refs_);
    occupied_.store(false, std::memory_order_release);
  }
  for (napi_ref ref : refs) napi_delete_reference(env, ref);
}

State::State() : thread(std::make_shared<ScriptThread>()) {}

double State::hold(c10::IValue value) {
  uint32_t index;
  if (free_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    if (index >= kSlots) throw std::runtime_error("more than 16 million live tensors");
    slots_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[index];
  if (!value.isTensor()) others_++;
  slot.bytes = value.isTensor() ? ownedBytes(value.toTensor()) : 0;
  slot.value = std::move(value);
  slot.used = true;
  bytes_ += slot.bytes;
  return slot.generation * kSlots + index;
}

double State::hold(const at::Tensor& tensor) { return hold(c10::IValue(tensor)); }

const State::Slot* State::find(double handle) const {
  if (!(handle >= kSlots && handle < kEnd)) return nullptr;
  const double generation = std::floor(handle / kSlots);
  const auto index = static_cast<size_t>(handle - generation * kSlots);
  if (index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[index];
  return slot.used && slot.generation == generation ? &slot : nullptr;
}

const c10::IValue& State::at(double handle) const {
  const Slot* slot = find(handle);
  if (!slot) throw std::runtime_error("the tensor was released before this call");
  return slot->value;
}

bool State::release(double handle) {
  auto* slot = const_cast<Slot*>(find(handle));
  if (!slot) return false;
  if (!slot->value.isTensor()) others_--;
  bytes_ -= slot->bytes;
  slot->used = false;
  // A slot at the end of its generations is never used again: its next handle would be rounded.
  if (slot->generation++ < kLastGeneration) free_.push_back(static_cast<uint32_t>(slot - slots_.data()));
  else retired_++;
  // Moved out first: a deleter may run arbitrary code, and must find the table in order.
  const c10::IValue dying = std::move(slot->value);
  slot->value = c10::IValue();
  return true;
}

void State::setTape(Napi::Float64Array array) {
  tapeData_ = array.Data();
  tapeSize_ = array.ElementLength();
  tapeArray_ = Napi::Persistent(array);
}

Napi::Value State::growTape(Napi::Env env, size_t entries) {
  if (entries <= tapeSize_) return env.Undefined();
  const auto longer = Napi::Float64Array::New(env, std::max(entries, 2 * tapeSize_));
  setTape(longer);
  return longer;
}

void State::settle(napi_env env) {
  graveyard->sweep(env);
  const int64_t change = bytes_ - reported_;
  if (change < kSettleBytes && change > -kSettleBytes) return;
  int64_t total;
  napi_adjust_external_memory(env, change, &total);
  reported_ = bytes_;
}

State& stateOf(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<State*>(data);
}

}  // namespace normfree
