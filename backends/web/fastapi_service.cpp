#include "backends/web/fastapi_service.hpp"

#include <exception>
#include <optional>
#include <utility>

namespace synapse::backends {

fastapi_service::fastapi_service(std::string event_line_end) {
  profile_.server_header = "uvicorn";
  profile_.requests_per_connection = 0;
  profile_.largest_body = 513ULL * 1024 * 1024; // a file of 512 MiB and the form around it
  profile_.says_keep_alive = false;
  profile_.event_line_end = std::move(event_line_end);
}

void fastapi_service::add_route(std::string_view method, std::string_view path, route call) {
  routes_[{std::string(path), std::string(method)}] = std::move(call);
}

void fastapi_service::add_simple(std::string_view method, std::string_view path,
                                 std::function<json(const request&)> call) {
  add_route(method, path,
            [call = std::move(call)](const request& in, exchange& out) -> asio::awaitable<void> {
              auto answer = json_answer(call(in));
              co_await out.reply(std::move(answer));
            });
}

asio::awaitable<void> fastapi_service::handle(const request& in, exchange& out) {
  auto found = routes_.find({in.path, in.method});
  if (found == routes_.end()) {
    auto answer = no_route(in);
    co_await out.reply(std::move(answer));
    co_return;
  }
  std::optional<response> failed;
  try {
    co_await found->second(in, out);
  } catch (const http_problem& problem) {
    failed = json_answer({{"detail", problem.detail}}, problem.status);
  } catch (const std::exception& error) {
    failed = unexpected(error.what());
  }
  if (failed && !out.started() && !out.gone())
    co_await out.reply(std::move(*failed));
}

response fastapi_service::no_route(const request& in) const {
  auto first = routes_.lower_bound({in.path, std::string()});
  if (first == routes_.end() || first->first.first != in.path)
    return json_answer({{"detail", "Not Found"}}, 404);
  auto answer = json_answer({{"detail", "Method Not Allowed"}}, 405);
  answer.headers.emplace_back("allow", first->first.second);
  return answer;
}

response fastapi_service::unexpected(std::string_view) const {
  response out;
  out.status = 500;
  out.content_type = "text/plain; charset=utf-8";
  out.body = "Internal Server Error";
  return out;
}

response fastapi_service::error_answer(int status, std::string_view message) const {
  return json_answer({{"detail", message}}, status);
}

response fastapi_service::loading_answer() const {
  return error_answer(503, "Model is loading");
}

response json_answer(const json& body, int status) {
  response out;
  out.status = status;
  out.content_type = "application/json";
  out.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

} // namespace synapse::backends
