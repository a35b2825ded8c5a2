/// @file
/// How a kind of requests is put to a backend.
#pragma once

#include "actors/protocol/model_messages.hpp"
#include "http/api/deployments/preparation.hpp"
#include "http/api/request/refusal.hpp"
#include "http/net/task.hpp"
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
  net::time_ns deadline = 0; ///< of the request: what is done before it is sent ends then, too
};

/// What a backend's error means in the words of its dialect.
struct error_reading {
  unsigned status = 502; ///< for the client
  std::string text;      ///< for people; goes on after "deployment ID: "
  std::string field;     ///< of the request that is at fault; empty: none
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
  /// Whether something has to be found out or done before the backend can be asked.
  virtual bool has_to_prepare(const attempt_place& /*where*/) const { return false; }
  /// Does it; `dress` follows where it has come to `ready`. @param into set
  virtual net::task<void> prepare(attempt_place /*where*/, preparation& /*into*/) { co_return; }
  /// Whether the request would be another one with `without_extras`: only then it is worth being
  /// sent again.
  virtual bool has_extras(const attempt_place& /*where*/) const { return false; }
  /// A failure that comes from what this has taken for granted of the backend, and does no more.
  /// @returns true: the same is to be asked once more, free of charge
  virtual bool corrects(const attempt_place& /*where*/, const proxy::miss& /*what*/) {
    return false;
  }
  /// An error of a backend that is asked in its own dialect; nothing: it says by itself what it
  /// means.
  virtual std::optional<error_reading> read(const attempt_place& /*where*/,
                                            const proxy::collected_answer& /*answer*/) {
    return {};
  }
  /// Whether the request can be made once more. @param body_kept what is known of its body
  virtual bool replayable(bool body_kept) const { return body_kept; }
  /// Field lines of the answer that are special about this attempt; each with CRLF.
  virtual std::string answer_fields() const { return {}; }
  /// Tokens that a good answer has cost; below 0: nobody said.
  virtual std::int64_t tokens_in() const { return -1; }
  virtual std::int64_t tokens_out() const { return -1; }
};

} // namespace synapse::api
