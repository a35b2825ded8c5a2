/// @file
/// The closed set of errors that actors answer with.
#pragma once

#include <caf/error.hpp>
#include <caf/message.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::actors {

/// When adding one, extend the table in error.cpp: a static_assert counts it.
enum class ec : std::uint8_t {
  none,
  shutting_down,   ///< the gateway is stopping
  unknown_backend, ///< no backend of that name
  unavailable,     ///< the asked actor has ended or is being restarted
  count_,
};

/// A sentence for people.
std::string_view describe(ec code) noexcept;

/// Text of any caf::error, ours or CAF's own.
std::string render(const caf::error& error);

} // namespace synapse::actors

CAF_ERROR_CODE_ENUM(synapse::actors::ec, "synapse")
