#pragma once

#include "backends/ollama/ollama_request.hpp"
#include "backends/ollama/scheduler.hpp"
#include "backends/standin/standin_service.hpp"
#include "backends/standin/telling.hpp"
#include "backends/standin/word_source.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::backends {

/// A model that is installed.
struct ollama_model {
  std::string name; ///< with its tag
  std::vector<std::string> capabilities{"completion", "tools"};

  bool can(std::string_view what) const;
};

/// @returns `llama3.1:8b` and `nomic-embed-text:latest`.
std::vector<ollama_model> default_ollama_models();

struct ollama_options {
  word_options words;
  pace speed;
  std::vector<ollama_model> models = default_ollama_models();
  ollama_scheduler::limits limits;
  std::size_t max_queue = 512; ///< requests that wait, for all models together
  std::size_t num_ctx = 4096;  ///< unless a request says another
  std::chrono::milliseconds keep_alive{300'000};
  std::size_t on_gpu = 0;          ///< per cent of a model, as `size_vram` shows it
  bool check_host = true;          ///< 403 for a Host field that is not this machine's
  bool json_context_error = false; ///< the error of a prompt that is too long is JSON in a text
};

/// Ollama, as a stand-in: its native routes and those that speak as OpenAI.
class ollama final : public standin_service {
public:
  explicit ollama(ollama_options options);

  std::string_view name() const override { return "ollama"; }
  asio::awaitable<void> handle(const request& in, exchange& out) override;

protected:
  response refusal(const request& in, const standin_problem& what) const override;
  response no_route(const request& in, bool known) const override;

private:
  // A place at a model, given back at the end with the time that the model is kept.
  class seat {
  public:
    seat() = default;
    seat(ollama& at, std::string model, std::chrono::milliseconds keep)
        : at_(&at), model_(std::move(model)), keep_(keep) {}
    seat(seat&& other) noexcept
        : at_(std::exchange(other.at_, nullptr)), model_(std::move(other.model_)),
          keep_(other.keep_) {}
    seat& operator=(seat&&) = delete;
    ~seat();

    explicit operator bool() const { return at_ != nullptr; }

  private:
    ollama* at_ = nullptr;
    std::string model_;
    std::chrono::milliseconds keep_{0};
  };

  void add_lists();
  void add_native();
  void add_openai();
  const ollama_model& find(const std::string& asked) const;
  const ollama_model& find_for(const std::string& asked, std::string_view capability) const;
  asio::awaitable<seat> enter(exchange& out, std::string model, ollama_settings how);
  void wake_waiting();
  asio::awaitable<void> generate(const request& in, exchange& out, bool chat);
  asio::awaitable<void> load_only(exchange& out, std::string shown, std::string model,
                                  ollama_settings how, bool chat);
  asio::awaitable<void> openai(const request& in, exchange& out, bool chat);
  asio::awaitable<void> run(exchange& out, chat_request wanted, ollama_settings how,
                            const telling_form& form, telling_rules rules);
  asio::awaitable<void> embed(const request& in, exchange& out);
  asio::awaitable<void> embed_legacy(const request& in, exchange& out);
  asio::awaitable<void> embed_openai(const request& in, exchange& out);
  void prepare(telling& what, chat_request& wanted, const ollama_settings& how) const;
  [[noreturn]] void refuse_length(std::size_t tokens, std::size_t num_ctx) const;
  json entry(const ollama_model& model) const;
  json running();
  json show(const request& in) const;
  json openai_models() const;

  ollama_options options_;
  word_source words_;
  ollama_scheduler scheduler_;
  std::string machine_;
  std::string started_;
  std::int64_t started_unix_ = unix_now();

  struct waiting {
    exchange* who;
    std::string model;
  };
  std::deque<waiting> line_;
};

} // namespace synapse::backends
