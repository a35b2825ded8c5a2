/// @file
/// A request's turn with one of a router's models.
#pragma once

#include "actors/models/model_desk.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

#include <string>

namespace synapse::api {

/// As long as it is held, the model is not unloaded. On the exchange's thread.
class model_turn {
public:
  /// @param site of a backend whose models are managed.
  model_turn(server::exchange& exchange, client::site_ptr site);
  model_turn(const model_turn&) = delete;
  model_turn& operator=(const model_turn&) = delete;
  ~model_turn();

  enum class outcome {
    granted,
    answered, ///< the client has been told why not
    denied,   ///< it has not, as it was wished: see `why_not`
    gone,     ///< the client has left
    late,     ///< it was due
  };
  struct wish {
    std::string model;    ///< as the client calls it
    bool wait = true;     ///< else a model that is not ready is an answer at once
    bool anew = false;    ///< the router did not have it although it should
    bool stream = false;  ///< the client reads events: it may get comments while it waits
    bool quiet = false;   ///< a refusal is not for the client
    net::time_ns due = 0; ///< no longer than until then; 0: as `models.max_wait` says
  };
  /// Usually granted without a word to anybody. Otherwise waits; see `models.max_wait`.
  net::task<outcome> take(wish what);
  /// The same without a coroutine, for a model that is open.
  bool take_at_once(std::string_view model);

  /// Key of the desk's view.
  const std::string& model() const noexcept { return model_; }
  /// What the router is to be asked for.
  const std::string& id() const noexcept { return id_; }
  /// False: the server is no router, and the request is none of our business.
  bool managed() const noexcept { return managed_; }
  client::model_desk& desk() noexcept { return *site_->desk; }
  void end();
  /// Times a request is sent again because its model turned out not to be there.
  static constexpr unsigned most_heals = 4;
  /// The router has not got the model that it shows: ends the turn, and waits before the next one,
  /// longer each time. @param heals times that the request was sent again
  net::task<void> suspect(unsigned heals);
  /// After `denied`, for people.
  const std::string& why_not() const noexcept { return why_not_; }
  actors::model_denial denial() const noexcept { return denial_; }

private:
  std::string in_the_way(const std::string& model);
  std::string unknown_model(const actors::model_grant& denied);
  net::task<void> refuse_with(const actors::model_grant& denied);

  server::exchange& ex_;
  client::site_ptr site_;
  std::string model_;
  std::string id_;
  std::string why_not_;
  actors::model_denial denial_ = actors::model_denial::none;
  bool held_ = false;
  bool managed_ = true;
};

/// Waits so many nanoseconds. @returns false when the client has left meanwhile.
net::task<bool> pause(server::exchange& exchange, net::time_ns length);

} // namespace synapse::api
