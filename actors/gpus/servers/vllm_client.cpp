#include "actors/gpus/servers/vllm_client.hpp"

#include "actors/gpus/actor_time.hpp"
#include "actors/gpus/servers/vllm_words.hpp"
#include "actors/protocol/error.hpp"
#include "config/backend_types.hpp"

#include <nlohmann/json.hpp>

namespace synapse::actors {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds question_limit{5'000};
/// Level 1 copies all weights to main memory.
constexpr milliseconds sleep_limit{120'000};
constexpr milliseconds warm_up_limit{30'000};
constexpr milliseconds address_limit{5'000};
/// Beyond the link's own limits, which are the ones that count.
constexpr milliseconds link_slack{5'000};
constexpr std::uint32_t small_answer = 64 * 1024;
constexpr std::uint32_t metrics_page = 8 * 1024 * 1024;

http_reply no_reply(std::string why) {
  http_reply none;
  none.fault = http_fault::canceled;
  none.message = std::move(why);
  return none;
}

http_call post(std::string target, std::string body = {}) {
  http_call call;
  call.method = "POST";
  call.target = std::move(target);
  if (body.empty())
    call.fields = "Content-Length: 0\r\n"; // some servers want to be told
  else
    call.content_type = "application/json";
  call.body = std::move(body);
  call.max_body = small_answer;
  return call;
}

std::string text_of(const json& what) {
  return what.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

// ---- calls ----

void vllm_client::begin(const gpu_card::member& whom, http_call what, milliseconds limit,
                        replied then) {
  auto one = std::make_shared<call>();
  one->what = std::move(what);
  one->what.authority = whom.settings.url.authority();
  one->what.target = whom.settings.url.base_path + one->what.target;
  one->what.timeout_ms = static_cast<std::uint32_t>(limit.count());
  if (!whom.bearer.empty())
    one->what.fields += config::key_field(whom.settings) + whom.bearer + "\r\n";
  one->limit = limit;
  one->since = gpu_time(self_);
  one->control = whom.control;
  one->link = whom.link;
  one->then = std::move(then);
  find_address(one);
}

void vllm_client::find_address(const call_ptr& one) {
  self_->request(one->control, address_limit, snap_atom::value)
      .then([this, one](const backend_snapshot& state) { on_address(one, state); },
            [one](const caf::error& error) { one->then(no_reply(render(error))); });
}

void vllm_client::on_address(const call_ptr& one, const backend_snapshot& state) {
  const auto patience = std::chrono::nanoseconds{address_limit}.count();
  if (!state.resolved && gpu_time(self_) - one->since < patience) {
    unresolved_.push_back(one);
    return;
  }
  if (state.addresses.empty()) {
    one->then(no_reply("the host name does not resolve"));
    return;
  }
  one->what.address = state.addresses.front();
  self_->request(one->link, one->limit + link_slack, std::move(one->what))
      .then([one](const http_reply& reply) { one->then(reply); },
            [one](const caf::error& error) { one->then(no_reply(render(error))); });
}

void vllm_client::try_again() {
  for (const auto& one : std::exchange(unresolved_, {}))
    find_address(one);
}

// ---- questions ----

void vllm_client::look(const gpu_card::member& whom, seen then) {
  http_call call;
  call.target = "/is_sleeping";
  call.max_body = small_answer;
  begin(whom, std::move(call), question_limit, [then = std::move(then)](const http_reply& reply) {
    std::string why;
    const auto what = gpus::read_sleeping(reply, why);
    then(what, std::move(why));
  });
}

void vllm_client::measure(const gpu_card::member& whom, counted then) {
  http_call call;
  call.target = "/metrics";
  call.max_body = metrics_page;
  begin(whom, std::move(call), question_limit, [then = std::move(then)](const http_reply& reply) {
    std::string why;
    const auto requests = gpus::read_requests(reply, why);
    then(requests, std::move(why));
  });
}

// ---- commands ----

void vllm_client::command(const gpu_card::member& whom, http_call what, milliseconds limit,
                          answered then) {
  begin(whom, std::move(what), limit, [then = std::move(then)](const http_reply& reply) {
    std::string why;
    const auto how = gpus::read_outcome(reply, why);
    then(how, std::move(why));
  });
}

void vllm_client::sleep(const gpu_card::member& whom, unsigned level, answered then) {
  command(whom, post("/sleep?level=" + std::to_string(level)), sleep_limit, std::move(then));
}

void vllm_client::wake(const gpu_card::member& whom, const std::string& tags, answered then) {
  command(whom, post(tags.empty() ? "/wake_up" : "/wake_up?tags=" + tags),
          whom.settings.sleep.wake_timeout, std::move(then));
}

void vllm_client::reload_weights(const gpu_card::member& whom, answered then) {
  command(whom, post("/collective_rpc", text_of(json{{"method", "reload_weights"}})),
          whom.settings.sleep.wake_timeout, std::move(then));
}

void vllm_client::warm_up(const gpu_card::member& whom, answered then) {
  http_call call;
  call.target = "/v1/models";
  begin(whom, std::move(call), question_limit,
        [this, whom, then = std::move(then)](const http_reply& reply) {
          const auto model = gpus::read_first_model(reply);
          if (model.empty())
            return then(gpus::outcome::refused, "it does not name a model");
          command(whom,
                  post("/v1/completions",
                       text_of(json{{"model", model}, {"prompt", "Hi"}, {"max_tokens", 1}})),
                  warm_up_limit, then);
        });
}

} // namespace synapse::actors
