#pragma once

#include "backends/llama/generation.hpp"
#include "backends/llama/llama_service.hpp"
#include "backends/llama/model_pool.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace synapse::backends {

struct llama_router_options {
  std::vector<std::filesystem::path> docs; ///< Markdown folders and files
  model_pool_options pool;
  bool autoload = true;
  pace speed;
  std::vector<std::string> api_keys;
  server_profile profile;
};

/// @returns the models a router offers if nothing else is said.
std::vector<model_spec> default_models();

/// llama.cpp's server in router mode over small models that need no weights.
class llama_router final : public llama_service {
public:
  explicit llama_router(llama_router_options options);

  std::string_view name() const override { return "llama-router"; }
  void start(asio::any_io_executor executor) override;
  void stop() override { pool_.stop(); }

private:
  using model_route =
      std::function<asio::awaitable<void>(const request&, exchange&, const json&, model_lease&)>;

  void add_router_routes();
  void add_model_routes();
  void add_generation_routes();
  void add_embedding_routes();

  /// A POST route that is passed to the model named in its body.
  void add_model_post(std::string_view path, model_route call);
  /// A GET route that is passed to the model named in its query.
  void add_model_get(std::string_view path, model_route call);

  asio::awaitable<model_lease> lease(exchange& out, const request& in, std::string model);
  bool autoload_for(const request& in) const;

  asio::awaitable<void> load(const request& in, exchange& out);
  asio::awaitable<void> feed(const request& in, exchange& out);
  asio::awaitable<void> props(const request& in, exchange& out);
  asio::awaitable<void> chat(const request& in, exchange& out, const json& body,
                             model_lease& model);
  asio::awaitable<void> complete(const request& in, exchange& out, const json& body,
                                 model_lease& model, bool native);
  json model_props(const std::string& model) const;
  generation prepare(std::string prompt, generation_params params, const json& body,
                     const model_lease& model) const;
  std::size_t room_for(const generation& todo) const;

  llama_router_options options_;
  std::int64_t started_at_ = unix_now();
  model_pool pool_;
};

} // namespace synapse::backends
