/// @file
/// What an operation on the voice library comes to: a value, or a kind of failure and a sentence.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace synapse::voices {

enum class store_error : std::uint8_t {
  voice_not_found,  ///< no voice of that id (also for ids that are no ids)
  upload_not_found, ///< never begun, used up or discarded
  invalid,          ///< an argument; the text begins with the field's name
  storage_failed,   ///< the file system refused; nothing was changed
};

struct failure {
  store_error code = store_error::storage_failed;
  std::string text; ///< for people; names no path outside of the library
};

/// Either a value or a failure.
template <class T>
class result {
public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(failure why) : state_(std::in_place_index<1>, std::move(why)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// Only of a result that is `ok`.
  T& operator*() { return *std::get_if<0>(&state_); }
  const T& operator*() const { return *std::get_if<0>(&state_); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  /// Only of a result that is not `ok`.
  const failure& error() const { return *std::get_if<1>(&state_); }

private:
  std::variant<T, failure> state_;
};

/// An operation without a value.
using status = result<std::monostate>;

} // namespace synapse::voices
