/// @file
/// The closed set of errors that actors answer with.
#pragma once

// clang looks for make_message where error.hpp's templates stand, not where they are used.
// clang-format off
#include <caf/make_message.hpp>
#include <caf/error.hpp>
// clang-format on

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::actors {

/// When adding one, extend the table in error.cpp: a static_assert counts it.
enum class ec : std::uint8_t {
  none,
  shutting_down,    ///< the gateway is stopping
  unavailable,      ///< the asked actor has ended or is being restarted
  voice_not_found,  ///< no voice of that id
  invalid_voice,    ///< what a voice is to be made of will not do; the context names the field
  upload_not_found, ///< used up, discarded, or from before a restart
  storage_failed,   ///< the disk refused; the context says why
  not_in_cluster,   ///< there is no Kubernetes API to ask
  cluster_refused,  ///< the Kubernetes API said no, or nothing usable; the context says what
  rollout_timeout,  ///< the change was accepted but did not come into effect in time
  rollout_failed,   ///< it never will: the context says why
  count_,
};

/// A sentence for people.
std::string_view describe(ec code) noexcept;

/// Text of any caf::error, ours or CAF's own.
std::string render(const caf::error& error);

/// Only what the failed actor said about it; empty when it said nothing.
std::string detail(const caf::error& error);

} // namespace synapse::actors

CAF_ERROR_CODE_ENUM(synapse::actors::ec, "synapse")
