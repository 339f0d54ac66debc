// The LibTorch versions this addon is written for, checked when it is compiled, and the few names
// that differ between them. Anything else that depends on a version belongs here, not at its use.
#pragma once

#include <torch/csrc/api/include/torch/version.h>

#if TORCH_VERSION_MAJOR < 1 || (TORCH_VERSION_MAJOR == 1 && TORCH_VERSION_MINOR < 13)
#error "normfree needs LibTorch >= 1.13; see docs/install.md for how another one is chosen"
#endif

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

namespace normfree {

// c10::optional in 1.13, std::optional in 2.x: whatever an optional Tensor argument is made of.
#if TORCH_VERSION_MAJOR >= 2
template <typename T> using Optional = std::optional<T>;
#else
template <typename T> using Optional = c10::optional<T>;
#endif

// 2.4 gave the autocast switches a device argument and deprecated the per-device names.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
inline bool autocastEnabled(at::DeviceType device) { return at::autocast::is_autocast_enabled(device); }
inline at::ScalarType autocastType(at::DeviceType device) { return at::autocast::get_autocast_dtype(device); }
inline void setAutocastMode(at::DeviceType device, bool enabled, at::ScalarType dtype) {
  at::autocast::set_autocast_enabled(device, enabled);
  at::autocast::set_autocast_dtype(device, dtype);
}
#else
inline bool autocastEnabled(at::DeviceType device) {
  return device == at::kCPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
}
inline at::ScalarType autocastType(at::DeviceType device) {
  return device == at::kCPU ? at::autocast::get_autocast_cpu_dtype() : at::autocast::get_autocast_gpu_dtype();
}
inline void setAutocastMode(at::DeviceType device, bool enabled, at::ScalarType dtype) {
  const bool cpu = device == at::kCPU;
  (cpu ? at::autocast::set_cpu_enabled : at::autocast::set_enabled)(enabled);
  (cpu ? at::autocast::set_autocast_cpu_dtype : at::autocast::set_autocast_gpu_dtype)(dtype);
}
#endif

}  // namespace normfree
