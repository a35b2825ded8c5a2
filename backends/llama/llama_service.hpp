#pragma once

#include "backends/llama/api.hpp"
#include "backends/server/exchange.hpp"
#include "backends/server/service.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::backends {

/// What both llama.cpp servers share: routes, keys, CORS, the loading phase and error answers.
class llama_service : public service {
public:
  const server_profile& profile() const override { return profile_; }
  asio::awaitable<void> handle(const request& in, exchange& out) override;
  response error_answer(int status, std::string_view message) const override;
  response loading_answer() const override;

protected:
  /// Answers one route; may throw api_error before it has sent anything.
  using route = std::function<asio::awaitable<void>(const request&, exchange&)>;

  llama_service(server_profile profile, std::vector<std::string> api_keys);

  /// Serves `method path` with `call`; GET also serves HEAD.
  void add_route(std::string_view method, std::string_view path, route call);

  /// Serves with a function that makes the whole answer at once.
  void add_simple(std::string_view method, std::string_view path,
                  std::function<json(const request&)> call);

  /// @returns true while every route answers 503.
  virtual bool loading() const { return false; }

private:
  asio::awaitable<void> run_route(const route& call, const request& in, exchange& out);
  response page_not_ready() const;

  server_profile profile_;
  access_rules access_;
  std::map<std::pair<std::string, std::string>, route> routes_;
};

/// Sends an answer with the headers llama.cpp puts on every answer.
asio::awaitable<void> send(response answer, const request& in, exchange& out);

} // namespace synapse::backends
