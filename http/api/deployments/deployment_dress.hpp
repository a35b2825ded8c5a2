/// @file
/// How a kind of requests is put to a backend.
#pragma once

#include "actors/protocol/model_messages.hpp"
#include "http/api/request/refusal.hpp"
#include "http/proxy/call.hpp"
#include "routing/names/name_table.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace synapse::api {

/// One attempt as it is about to be made.
struct attempt_place {
  const routing::deployment& deployment;
  const client::backend_site& site;
  const std::string& model;    ///< as it is called there
  bool without_extras = false; ///< without fields that not every backend knows
  /// Of a model that the gateway loads: what a chat leaves out; null: there is none.
  const actors::model_profile* profile = nullptr;
};

/// Of one request; outlives its attempts. On the exchange's thread.
class deployment_dress {
public:
  deployment_dress() = default;
  deployment_dress(const deployment_dress&) = delete;
  deployment_dress& operator=(const deployment_dress&) = delete;
  virtual ~deployment_dress() = default;

  /// Sets in `options` what the backend is asked and what becomes of its answer; all that they
  /// refer to stays as it is until the next call. @returns why it cannot be asked for this
  virtual std::optional<refusal> dress(const attempt_place& where,
                                       proxy::forward_options& options) = 0;
  /// Field lines of the answer that are special about this attempt; each with CRLF.
  virtual std::string answer_fields() const { return {}; }
  /// Tokens that a good answer has cost; below 0: nobody said.
  virtual std::int64_t tokens_in() const { return -1; }
  virtual std::int64_t tokens_out() const { return -1; }
};

} // namespace synapse::api
