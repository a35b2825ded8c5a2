/// @file
/// What backends for speech have: models, voices, routes. Found out once and then kept, because a
/// backend that is asked for what it has not got speaks with another voice, or not at all.
#pragma once

#include "http/api/deployments/preparation.hpp"
#include "http/dialects/piper/voices.hpp"
#include "http/dialects/speaches/lists.hpp"
#include "http/server/exchange/exchange.hpp"
#include "http/sites/thread_routes.hpp"

#include <memory>
#include <string>

namespace synapse::api {

/// Of one backend; immutable.
struct voice_facts {
  // of a Piper
  http::piper::generation routes = http::piper::generation::synthesize;
  http::piper::voice_list voices; ///< none where it cannot be told one
  std::string default_voice;      ///< empty: not told
  // of a Speaches
  http::speaches::model_list models;
};
using voice_facts_ptr = std::shared_ptr<const voice_facts>;

/// How old they may be.
inline constexpr net::time_ns facts_last = 60'000'000'000;
/// Likewise where something is asked for that is not among them: it may just have been added.
inline constexpr net::time_ns facts_settle = 5'000'000'000;

/// What the thread knows of a backend; null: nothing, or what is older.
voice_facts_ptr known_voices(server::exchange& exchange, const client::backend_site& site,
                             net::time_ns most_age = facts_last);
/// The backend has answered, or failed, as if it were not so any more.
void forget_voices(server::exchange& exchange, const client::backend_site& site);

/// Asks the backend, or waits for another request that does. What several wait for is asked once.
/// @param deadline of the request, which the question does not outlive; 0: it has none
/// @param into `ready`, and what is known is younger than `most_age`; or what has gone wrong
net::task<void> find_voices(server::exchange& exchange, const client::backend_site& site,
                            net::time_ns most_age, net::time_ns deadline, preparation& into);

} // namespace synapse::api
