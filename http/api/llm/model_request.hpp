/// @file
/// What a request asks of a model, as its body says it, and what that body becomes.
#pragma once

#include "actors/protocol/model_messages.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "http/server/exchange/exchange.hpp"
#include "routing/catalog.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace synapse::api {

/// What a request may leave out, from the model's stored profile.
http::chat_profile chat_profile_of(const actors::model_profile& stored);

/// On the exchange's thread; outlived by the exchange, whose body has been read.
class model_request {
public:
  /// @param body outlives this. @param chat its messages may be filled in from a model's profile.
  model_request(server::exchange& exchange, const http::json_inspection& body, bool chat)
      : ex_(exchange), body_(body), chat_(chat) {}
  model_request(const model_request&) = delete;
  model_request& operator=(const model_request&) = delete;

  /// Finds out which model is meant, and so where it may go. @param by_path where its path leads
  /// @returns why that cannot be, if so.
  std::optional<refusal> make_plan(routing::plan by_path);
  /// After `make_plan`; its targets are valid until the next wait.
  const routing::plan& plan() const noexcept { return plan_; }
  /// After `make_plan`: aliases resolved, or chosen for it.
  const std::string& model() const noexcept { return model_; }
  /// As the client calls it; empty: not at all.
  const std::string& named() const noexcept { return body_.model; }
  /// The client waits for a model that is not ready.
  bool waits() const;

  /// The body for a backend that knows the model by that name. @returns false when it is the
  /// client's own.
  bool rename(std::string_view model, std::string& edited);
  /// The same for a router whose models are managed: without what was meant for the gateway, and
  /// with what the profile has and a chat leaves out. @param profile null: there is none
  bool fill(std::string_view model, const actors::model_profile* profile, std::string& edited);

private:
  const http::chat_view& scan();

  server::exchange& ex_;
  const http::json_inspection& body_;
  http::chat_view view_;
  bool scanned_ = false;
  bool chat_;
  std::string model_;
  routing::plan plan_; ///< its model is `model_`
};

} // namespace synapse::api
