#include "actors/models/router/router_client.hpp"

#include "actors/models/actor_time.hpp"
#include "actors/protocol/error.hpp"
#include "config/backend_types.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace synapse::actors {

namespace {

using models::management_call;
using models::router_answer;
using std::chrono::milliseconds;

constexpr milliseconds list_limit{5'000};
/// Usually both are answered at once. But a load that sends away a model whose process does not
/// stop takes the 10 s after which the router kills it.
constexpr milliseconds command_limit{30'000};
constexpr milliseconds address_limit{5'000};
/// Beyond the link's own limits, which are the ones that count.
constexpr milliseconds link_slack{5'000};
/// The event stream is silent for as long as nothing happens; then it is opened anew.
constexpr milliseconds events_idle{300'000};
constexpr milliseconds events_again{5'000};
/// A router without events may be replaced by one that has them.
constexpr milliseconds events_unknown{600'000};
/// As long as it lives.
constexpr milliseconds events_limit{std::chrono::hours{24}};
/// More than any router holds.
constexpr std::uint64_t most_models = 1000;

time_ns nanoseconds_in(milliseconds value) {
  return std::chrono::nanoseconds{value}.count();
}

http_reply no_reply(std::string why) {
  http_reply none;
  none.fault = http_fault::canceled;
  none.message = std::move(why);
  return none;
}

} // namespace

// ---- calls ----

void router_client::begin(http_call what, milliseconds limit,
                          std::function<void(const http_reply&)> then) {
  auto one = std::make_shared<call>();
  one->what = std::move(what);
  one->what.authority = parts_.url.authority();
  one->what.target = parts_.url.base_path + one->what.target;
  one->what.timeout_ms = static_cast<std::uint32_t>(limit.count());
  if (!parts_.bearer.empty())
    one->what.fields += parts_.key_field + parts_.bearer + "\r\n";
  one->limit = limit;
  one->since = actor_time(self_);
  one->then = std::move(then);
  find_address(one);
}

void router_client::find_address(const call_ptr& one) {
  self_->request(parts_.control, address_limit, snap_atom::value)
      .then([this, one](const backend_snapshot& state) { on_address(one, state); },
            [one](const caf::error& error) { one->then(no_reply(render(error))); });
}

void router_client::on_address(const call_ptr& one, const backend_snapshot& state) {
  if (!state.resolved && actor_time(self_) - one->since < nanoseconds_in(address_limit)) {
    unresolved_.push_back(one);
    parts_.address_wanted();
    return;
  }
  if (state.addresses.empty()) {
    // A name server that is away says nothing about the router's models.
    one->then(no_reply("the host name does not resolve"));
    return;
  }
  one->what.address = state.addresses.front();
  const auto limit = one->what.events ? events_limit : one->limit + link_slack;
  self_->request(parts_.link, limit, std::move(one->what))
      .then([one](const http_reply& reply) { one->then(reply); },
            [one](const caf::error& error) { one->then(no_reply(render(error))); });
}

void router_client::try_again() {
  for (const auto& one : std::exchange(unresolved_, {}))
    find_address(one);
}

void router_client::note_refusal(const std::string& what, const http_reply& reply,
                                 const models::router_word& word) {
  if (reply.ok() && word.means == router_answer::refused)
    parts_.refused(what, word.reason);
}

// ---- its models ----

void router_client::list(listed then) {
  http_call request;
  request.target = "/models";
  begin(std::move(request), list_limit,
        [this, address = address_, then = std::move(then)](const http_reply& reply) {
          if (address == address_)
            return then(understand_list(reply));
          router_listing outdated;
          outdated.how = router_listing::kind::outdated;
          then(std::move(outdated));
        });
}

router_listing router_client::understand_list(const http_reply& reply) {
  router_listing found;
  found.reply = reply;
  auto word = models::understand(management_call::list, reply);
  found.problem = reply.ok() ? std::move(word.reason) : reply.message;
  if (word.means == router_answer::no_route)
    found.list.emplace(); // no router: whatever it is, it has no models to load
  else if (word.means == router_answer::accepted)
    found.list = models::parse_catalog(reply.body, found.problem);
  if (found.list)
    found.how = router_listing::kind::listed;
  else if (reply.fault == http_fault::connect_failure)
    found.how = router_listing::kind::gone;
  else if (word.means == router_answer::accepted ||
           (word.means == router_answer::refused && !reply.ok()))
    found.how = router_listing::kind::garbage;
  else if (word.means == router_answer::refused)
    found.how = router_listing::kind::refused;
  if (found.how == router_listing::kind::gone)
    capacity_known_ = false; // another one may come back
  return found;
}

void router_client::learn_capacity(learned then) {
  http_call request;
  request.target = "/props";
  begin(std::move(request), list_limit,
        [this, address = address_, then = std::move(then)](const http_reply& reply) {
          const bool outdated = address != address_;
          if (!outdated)
            understand_props(reply);
          then(outdated);
        });
}

void router_client::understand_props(const http_reply& reply) {
  const auto word = models::understand(management_call::props, reply);
  note_refusal("to tell how many models it holds", reply, word);
  capacity_known_ = reply.ok() && word.means != router_answer::unreachable;
  if (capacity_known_) // else the next list asks again
    capacity_.reset();
  if (reply.status != 200)
    return;
  const auto props = nlohmann::json::parse(reply.body, nullptr, false);
  const auto found = props.is_object() ? props.find("max_instances") : props.end();
  if (found != props.end() && found->is_number_unsigned())
    capacity_ = static_cast<unsigned>(std::min(found->get<std::uint64_t>(), most_models));
}

void router_client::load(const std::string& id, answered then) {
  command(management_call::load, id, std::move(then));
}

void router_client::unload(const std::string& id, const std::string& model, answered then) {
  command(management_call::unload, id,
          [this, model, then = std::move(then)](const http_reply& reply, models::router_word word) {
            // Of a load that fails everybody hears anyway.
            note_refusal("to unload " + model, reply, word);
            then(reply, std::move(word));
          });
}

void router_client::command(management_call what, const std::string& id, answered then) {
  using nlohmann::json;
  http_call request;
  request.method = "POST";
  request.target = what == management_call::load ? "/models/load" : "/models/unload";
  request.content_type = "application/json";
  request.body = json{{"model", id}}.dump(-1, ' ', false, json::error_handler_t::replace);
  begin(std::move(request), command_limit, [what, then = std::move(then)](const http_reply& reply) {
    then(reply, models::understand(what, reply));
  });
}

// ---- its events ----

void router_client::listen() {
  if (listening_ || actor_time(self_) < listen_from_)
    return;
  listening_ = true;
  http_call request;
  request.target = "/models/sse";
  request.events = true;
  begin(std::move(request), events_idle, [this, stream = ++stream_](const http_reply& reply) {
    if (stream != stream_)
      return; // another one has taken its place
    listening_ = false;
    const auto word = models::understand(management_call::events, reply);
    note_refusal("to tell what happens to its models", reply, word);
    const bool has_none = reply.ok() && (word.means == router_answer::no_route ||
                                         word.means == router_answer::refused);
    listen_from_ = actor_time(self_) + nanoseconds_in(has_none ? events_unknown : events_again);
  });
}

// ---- where it is ----

void router_client::move_to(const config::backend_settings& router) {
  const auto& url = router.url;
  if (url != parts_.url) {
    ++address_;
    capacity_known_ = false;
    capacity_.reset();
  }
  parts_.url = url;
  parts_.key_field = config::key_field(router);
}

void router_client::use(http_link_actor link, std::string bearer) {
  parts_.link = std::move(link);
  parts_.bearer = std::move(bearer);
  ++stream_;
  listening_ = false;
  listen_from_ = 0;
}

void router_client::let_go() {
  unresolved_.clear();
  parts_ = {};
}

} // namespace synapse::actors
