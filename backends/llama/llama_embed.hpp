#pragma once

#include "backends/llama/llama_service.hpp"
#include "backends/text/embedding_model.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace synapse::backends {

struct llama_embed_options {
  std::string model = "local-embed";
  std::chrono::milliseconds load_time{0}; ///< 503 on every route for that long
  std::size_t batch_size = 512;           ///< most tokens of one input
  std::vector<std::string> api_keys;
  server_profile profile;
};

/// A single-model llama.cpp server started with `--embeddings`.
class llama_embed final : public llama_service {
public:
  explicit llama_embed(llama_embed_options options);

  std::string_view name() const override { return "llama-embed"; }
  void start(asio::any_io_executor executor) override;
  void stop() override;

protected:
  bool loading() const override { return loading_; }

private:
  struct job;

  asio::awaitable<void> embeddings(const request& in, exchange& out, bool openai_route);
  job parse_job(const request& in, bool openai_route) const;
  json compute(const job& todo) const;
  json models() const;
  json props() const;
  response metrics() const;

  llama_embed_options options_;
  embedding_model model_;
  bool loading_ = false;
  std::optional<asio::steady_timer> load_timer_;
  std::int64_t started_at_ = 0;
  std::uint64_t prompt_tokens_total_ = 0;
  std::uint64_t decodes_total_ = 0;
  std::uint64_t largest_input_ = 0;
  double prompt_seconds_total_ = 0;
  std::uint64_t processing_ = 0;
};

} // namespace synapse::backends
