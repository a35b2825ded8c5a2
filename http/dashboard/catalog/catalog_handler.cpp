#include "http/api/request/body_reading.hpp"
#include "http/dashboard/answer_parts.hpp"
#include "http/dashboard/catalog/catalog_view.hpp"
#include "http/dashboard/dashboard_handlers.hpp"
#include "routing/catalog.hpp"
#include "routing/records/deployment_record.hpp"

#include <spdlog/spdlog.h>

namespace synapse::api {

namespace {
using http::response_detail;
constexpr std::size_t max_drain_body = 4096;

/// Takes a deployment out, or lets it in again.
net::task<void> set_drained(server::exchange& ex, bool out) {
  nlohmann::ordered_json body;
  const bool complete = co_await read_json_object(ex, body, max_drain_body);
  if (!complete)
    co_return;
  const auto id = body.find("id");
  if (id == body.end() || !id->is_string()) {
    refusal why{response_detail::bad_request, "id: must be the id of a deployment", "id"};
    co_await refuse(ex, std::move(why));
    co_return;
  }
  const auto& name = id->get_ref<const std::string&>();
  const auto* found = ex.routes()->catalog().names().find_deployment(name);
  if (found == nullptr) {
    co_await ex.reply_error(response_detail::route_not_found, "no deployment of this id");
    co_return;
  }
  ex.routes()->record(found->place).drain(out);
  spdlog::info("request {}: deployment {} is {} by hand", ex.id(), found->settings->id,
               out ? "taken out" : "let in again");
  nlohmann::ordered_json answer{{"id", found->settings->id}, {"drained", out}};
  co_await reply_json(ex, std::move(answer));
}
} // namespace

net::task<void> api_catalog(server::exchange& ex) {
  auto answer = describe_catalog(*ex.routes(), net::io_thread::now());
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_drain_deployment(server::exchange& ex) {
  co_await set_drained(ex, true);
}

net::task<void> api_enable_deployment(server::exchange& ex) {
  co_await set_drained(ex, false);
}

} // namespace synapse::api
