/// @file
/// Clients that speak another dialect than OpenAI's: what they ask becomes OpenAI's request, and
/// goes on as such; what comes back becomes theirs.
#pragma once

#include "config/backend_types.hpp"
#include "http/api/request/refusal.hpp"
#include "http/core/json/json_body.hpp"
#include "http/dialects/answer_translator.hpp"
#include "http/proxy/translation.hpp"
#include "http/server/exchange/exchange.hpp"
#include "routing/names/name_table.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// A kind of requests, as OpenAI's dialect has it.
struct llm_endpoint {
  std::string_view path; ///< OpenAI's
  routing::kind what = routing::kind::chat;
};

/// Of a path of OpenAI's.
llm_endpoint endpoint_of(std::string_view path) noexcept;

/// One request of such a client. Outlives its attempts. On the exchange's thread.
class client_dialect {
public:
  client_dialect() = default;
  client_dialect(const client_dialect&) = delete;
  client_dialect& operator=(const client_dialect&) = delete;
  virtual ~client_dialect() = default;

  /// What it is in OpenAI's dialect. After `read`.
  virtual llm_endpoint endpoint() const = 0;
  /// @param body the client's: a JSON object. Valid during the call only. @param seen of it
  /// @param into OpenAI's request. @returns why there is none
  virtual std::optional<refusal> read(std::string_view body, const http::json_inspection& seen,
                                      std::string& into) = 0;
  /// After `read`: the answer to a request that nobody has to be asked for, if its model is there;
  /// empty: somebody has to.
  virtual std::string_view at_once() const { return {}; }
  /// A translator for one attempt: from OpenAI's answer to the client's.
  virtual std::unique_ptr<http::answer_translator> answer() = 0;
  /// Names of the request's fields that no answer will heed, separated by ", ".
  std::string_view lossy() const noexcept { return lossy_; }

  /// Backends of that type speak the client's dialect themselves.
  virtual bool is_native(config::backend_type /*type*/) const { return false; }
  /// Further field lines for it.
  virtual std::string_view native_fields() const { return {}; }
  /// What such a backend is asked. @param model as it is called there
  virtual void ask_natively(std::string_view /*model*/, proxy::own_request& /*into*/) {}
  /// Makes of such a backend's answer the client's, which is nearly the same.
  virtual std::unique_ptr<http::answer_translator> native_answer() { return nullptr; }

protected:
  void lose(const std::vector<std::string_view>& names) {
    for (const auto name : names)
      lossy_.append(lossy_.empty() ? "" : ", ").append(name);
  }

private:
  std::string lossy_;
};

/// Reads the client's request, checks it, and has it answered by whom its model leads to. Replies
/// in every case.
net::task<void> forward_in_dialect(server::exchange& exchange, client_dialect& dialect);

} // namespace synapse::api
