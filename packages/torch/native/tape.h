// The tape: one Float64Array shared with JavaScript, on which arguments and results of a call are
// written as (tag, value...) groups. A call then crosses the boundary with two integers, and no
// JavaScript value is created or inspected in C++. `packages/torch/src/tape.ts` is its other half:
// tags and layout must stay the same in both.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace normfree {

enum class Tag : int {
  kNone = 0,     // null
  kHandle = 1,   // handle of a tensor or another native value
  kInt = 2,      // value, an integer below 2^53
  kDouble = 3,   // value
  kBool = 4,     // 0 or 1
  kString = 5,   // length, then one UTF-8 byte an entry
  kList = 6,     // length, then that many tagged items
  kDefault = 7,  // take the schema's default
  kInt64 = 8,    // high 32 bits (signed), low 32 bits (unsigned)
  kAlias = 9,    // results only: this is argument number `value` itself
};

class Tape {
 public:
  Tape(double* data, size_t size) : data_(data), size_(size) {}

  double next() {
    if (at_ >= size_) throw std::runtime_error("the argument tape is too short for this call");
    return data_[at_++];
  }
  Tag nextTag() { return static_cast<Tag>(static_cast<int>(next())); }
  Tag peekTag() const { return static_cast<Tag>(static_cast<int>(at_ < size_ ? data_[at_] : 0)); }
  int64_t nextInt64() {
    const auto high = static_cast<int64_t>(next());
    return static_cast<int64_t>((static_cast<uint64_t>(high) << 32) | static_cast<uint64_t>(next()));
  }
  std::string nextString() {
    std::string text(static_cast<size_t>(next()), '\0');
    for (auto& byte : text) byte = static_cast<char>(static_cast<unsigned char>(next()));
    return text;
  }

  void put(double value) {
    if (at_ >= size_) throw std::runtime_error("the results do not fit on the argument tape");
    data_[at_++] = value;
  }
  void put(Tag tag) { put(static_cast<double>(tag)); }
  void put(Tag tag, double value) {
    put(tag);
    put(value);
  }
  void putInt(int64_t value) {
    constexpr int64_t kSafe = int64_t{1} << 53;
    if (value <= kSafe && value >= -kSafe) return put(Tag::kInt, static_cast<double>(value));
    put(Tag::kInt64, static_cast<double>(value >> 32));
    put(static_cast<double>(static_cast<uint32_t>(value)));
  }
  void putString(const std::string& text) {
    put(Tag::kString, static_cast<double>(text.size()));
    for (unsigned char byte : text) put(static_cast<double>(byte));
  }

  size_t position() const { return at_; }
  void rewind() { at_ = 0; }

 private:
  double* data_;
  size_t size_;
  size_t at_ = 0;
};

}  // namespace normfree
