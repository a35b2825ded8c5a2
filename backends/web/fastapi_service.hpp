#pragma once

#include "backends/engine/stop_signal.hpp"
#include "backends/server/exchange.hpp"
#include "backends/server/service.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace synapse::backends {

using json = nlohmann::ordered_json;

/// An answer `{"detail": …}`, thrown by a route before it has sent anything.
struct http_problem {
  http_problem(int code, json what) : status(code), detail(std::move(what)) {}

  int status;
  json detail;
};

/// A program written with FastAPI and served by uvicorn: routes, error shapes, headers.
class fastapi_service : public service {
public:
  const server_profile& profile() const override { return profile_; }
  asio::awaitable<void> handle(const request& in, exchange& out) override;
  void start(asio::any_io_executor) override {}
  void stop() override {}
  response error_answer(int status, std::string_view message) const override;
  response loading_answer() const override;

protected:
  /// Answers one route. May throw http_problem, or any other exception for the plain 500.
  using route = std::function<asio::awaitable<void>(const request&, exchange&)>;

  /// @param event_line_end of server-sent events; the usual one is sse-starlette's
  explicit fastapi_service(std::string event_line_end = "\r\n");

  /// Serves `method path` with `call`.
  void add_route(std::string_view method, std::string_view path, route call);

  /// Serves with a function that makes the whole answer at once.
  void add_simple(std::string_view method, std::string_view path,
                  std::function<json(const request&)> call);

  /// @returns the answer to what no route foresaw: 500 as text. `what` goes nowhere but the log.
  virtual response unexpected(std::string_view what) const;

private:
  response no_route(const request& in) const;

  server_profile profile_;
  std::map<std::pair<std::string, std::string>, route> routes_;
};

/// @returns `body` as FastAPI writes it.
response json_answer(const json& body, int status = 200);

/// Computes on a worker thread; `work(const stop_signal&)` is told when the client leaves.
template <class F>
asio::awaitable<std::invoke_result_t<F, const stop_signal&>> compute(exchange& out, F work) {
  auto stop = std::make_shared<stop_signal>();
  auto tell = [stop] { stop->raise(); };
  out.when_gone(std::move(tell));
  auto told = [stop, work = std::move(work)]() mutable { return work(*stop); };
  auto result = co_await out.offload(std::move(told));
  out.when_gone(nullptr);
  co_return result;
}

} // namespace synapse::backends
