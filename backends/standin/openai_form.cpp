#include "backends/standin/openai_form.hpp"

#include <utility>

namespace synapse::backends {

namespace {

// What chat and completion share: the frame of a chunk and of an answer.
class openai_base : public telling_form {
public:
  explicit openai_base(openai_dialect dialect) : dialect_(std::move(dialect)) {}

  std::vector<std::string> closing(const telling& done) const override {
    std::vector<std::string> out;
    bool carried = dialect_.finish_on_last && done.steps() > 0;
    if (!carried)
      out.push_back(dump(end_chunk(done)));
    if (done.what.params.include_usage) {
      auto last = frame(done, json::array(), chunk_name());
      last["usage"] = usage(done);
      out.push_back(dump(last));
    }
    return out;
  }

  std::vector<std::string> broken(const telling&) const override {
    std::vector<std::string> out;
    if (!dialect_.broken_error.empty())
      out = {dialect_.broken_error, "[DONE]"};
    return out;
  }

protected:
  virtual const char* chunk_name() const = 0;
  virtual json end_chunk(const telling& done) const = 0;

  json frame(const telling& now, json choices, const char* object) const {
    json out = {{"id", now.what.id},
                {"object", object},
                {"created", now.what.created},
                {"model", now.what.model}};
    if (!dialect_.fingerprint.empty())
      out["system_fingerprint"] = dialect_.fingerprint;
    out["choices"] = std::move(choices);
    return out;
  }

  void add_finish(const telling& now, json& choice, bool last) const {
    choice["finish_reason"] = last ? json(now.choice().finish) : json();
    if (last && dialect_.says_stop_reason)
      choice["stop_reason"] =
          now.choice().stopping_word.empty() ? json() : json(now.choice().stopping_word);
  }

  bool carries_finish(const telling& now, std::size_t step) const {
    return dialect_.finish_on_last && step + 1 == now.steps();
  }

  static json usage(const telling& now) {
    return {{"prompt_tokens", now.what.times.prompt},
            {"completion_tokens", now.said()},
            {"total_tokens", now.what.times.prompt + now.said()}};
  }

  openai_dialect dialect_;
};

json openai_call(const telling& now) {
  json function = {{"name", now.choice().call->name}, {"arguments", now.choice().text()}};
  return {{"id", now.choice().call->id},
          {"type", "function"},
          {"index", 0},
          {"function", std::move(function)}};
}

class openai_chat final : public openai_base {
public:
  using openai_base::openai_base;

  json whole(const telling& done) const override {
    json message = {{"role", "assistant"}, {"content", done.choice().text()}};
    if (dialect_.null_members)
      message.update({{"refusal", nullptr}, {"annotations", nullptr}, {"audio", nullptr}});
    if (!done.thinking.empty())
      message["reasoning"] = done.thought();
    if (done.choice().call) {
      message["content"] = dialect_.null_members ? json() : json("");
      message["tool_calls"] = json::array({openai_call(done)});
    } else if (dialect_.null_members) {
      message["tool_calls"] = json::array();
    }
    json choice = {{"index", 0}, {"message", std::move(message)}};
    if (dialect_.null_members)
      choice["logprobs"] = nullptr;
    add_finish(done, choice, true);
    auto out = frame(done, json::array({std::move(choice)}), "chat.completion");
    out["usage"] = usage(done);
    if (dialect_.null_members)
      out.update({{"prompt_logprobs", nullptr}, {"kv_transfer_params", nullptr}});
    return out;
  }

  std::vector<std::string> opening(const telling& now) const override {
    return {dump(chunk(now, {{"role", "assistant"}, {"content", ""}}, false))};
  }

  std::string piece(const telling& now, std::size_t step) const override {
    bool last = carries_finish(now, step);
    if (step < now.thinking.size())
      return dump(chunk(now, {{"reasoning", now.thinking[step].piece}}, last));
    if (!now.choice().call)
      return dump(
          chunk(now, {{"content", now.choice().tokens[step - now.thinking.size()].piece}}, last));
    // A call comes whole, with its last token.
    if (step + 1 < now.steps())
      return {};
    return dump(chunk(now, {{"tool_calls", json::array({openai_call(now)})}}, last));
  }

protected:
  const char* chunk_name() const override { return "chat.completion.chunk"; }

  json end_chunk(const telling& done) const override {
    json delta = {{"content", ""}};
    if (!dialect_.finish_on_last)
      delta["role"] = "assistant";
    return chunk(done, std::move(delta), true);
  }

private:
  json chunk(const telling& now, json delta, bool last) const {
    json choice = {{"index", 0}, {"delta", std::move(delta)}};
    if (dialect_.null_members)
      choice["logprobs"] = nullptr;
    add_finish(now, choice, last);
    return frame(now, json::array({std::move(choice)}), chunk_name());
  }
};

class openai_completion final : public openai_base {
public:
  using openai_base::openai_base;

  json whole(const telling& done) const override {
    auto out = chunk(done, done.choice().text(), true);
    out["usage"] = usage(done);
    return out;
  }

  std::vector<std::string> opening(const telling&) const override { return {}; }

  std::string piece(const telling& now, std::size_t step) const override {
    return dump(chunk(now, now.choice().tokens[step].piece, carries_finish(now, step)));
  }

protected:
  const char* chunk_name() const override { return "text_completion"; }

  json end_chunk(const telling& done) const override { return chunk(done, "", true); }

private:
  json chunk(const telling& now, std::string text, bool last) const {
    json choice = {{"index", 0}, {"text", std::move(text)}};
    if (dialect_.null_members)
      choice["logprobs"] = nullptr;
    add_finish(now, choice, last);
    return frame(now, json::array({std::move(choice)}), chunk_name());
  }
};

} // namespace

std::unique_ptr<telling_form> make_openai_chat(openai_dialect dialect) {
  return std::make_unique<openai_chat>(std::move(dialect));
}

std::unique_ptr<telling_form> make_openai_completion(openai_dialect dialect) {
  return std::make_unique<openai_completion>(std::move(dialect));
}

} // namespace synapse::backends
