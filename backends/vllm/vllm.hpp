#pragma once

#include "backends/engine/turnstile.hpp"
#include "backends/standin/openai_form.hpp"
#include "backends/standin/standin_service.hpp"
#include "backends/standin/word_source.hpp"
#include "backends/vllm/engine.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace synapse::backends {

struct vllm_options {
  word_options words;
  pace speed;
  std::string model = "meta-llama/Meta-Llama-3.1-8B-Instruct";
  std::size_t max_model_len = 8192;
  std::size_t max_seqs = 256;               ///< requests that run at a time; others wait
  bool embeds = false;                      ///< serves embeddings in the place of text
  bool sleep_mode = false;                  ///< development mode: the routes of sleep mode exist
  std::chrono::milliseconds load_time{0};   ///< connections are refused at first
  std::chrono::milliseconds wake_time{500}; ///< until an order to wake is carried out
  vllm_engine::traps traps;
  std::vector<std::string> api_keys;
};

/// vLLM's server for one model, as a stand-in, with sleep mode and what goes wrong with it.
class vllm final : public standin_service {
public:
  explicit vllm(vllm_options options);

  std::string_view name() const override { return "vllm"; }
  std::chrono::milliseconds closed_at_start() const override { return options_.load_time; }
  asio::awaitable<void> handle(const request& in, exchange& out) override;
  void restore() override;

protected:
  response refusal(const request& in, const standin_problem& what) const override;
  response no_route(const request& in, bool known) const override;

private:
  void add_state_routes();
  void add_token_routes();
  void add_sleep_routes();
  void add_generation_routes();
  bool allows(const request& in) const;
  void check_model(const json& body) const;
  std::size_t check_fits(const chat_request& wanted, std::size_t tokens) const;
  bool busy() const { return turns_.inside() + turns_.waiting() > 0; }
  void wake_everybody();
  asio::awaitable<void> generate(const request& in, exchange& out, bool chat);
  telling prepare(const chat_request& wanted, bool chat) const;
  asio::awaitable<bool> wait_awake(exchange& out);
  asio::awaitable<void> embed(const request& in, exchange& out);
  asio::awaitable<void> sleep(const request& in, exchange& out);
  asio::awaitable<void> wake(const request& in, exchange& out);
  response call_workers(const request& in);
  response tokenized(const request& in) const;
  response metrics() const;
  json models() const;

  vllm_options options_;
  word_source words_;
  vllm_engine engine_;
  turnstile turns_;
  std::int64_t started_ = unix_now();
  std::unordered_set<exchange*> here_; ///< whoever waits for something of the engine
  std::size_t parked_ = 0;             ///< generations that came while it slept
  std::size_t draining_ = 0;           ///< orders to sleep that wait for the running requests
  std::uint64_t prompt_tokens_ = 0;
  std::uint64_t generation_tokens_ = 0;
  std::map<std::string, std::uint64_t> finished_; ///< by finish reason
};

} // namespace synapse::backends
