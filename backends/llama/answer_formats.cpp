#include "backends/llama/generation.hpp"

#include <utility>

namespace synapse::backends {

namespace {

// Every token of these models is certain: its probability is 1.
json token_logprob(const token& piece) {
  json bytes = json::array();
  for (unsigned char byte : piece.piece)
    bytes.push_back(byte);
  json out = {{"id", piece.id}, {"token", piece.piece}, {"bytes", bytes}, {"logprob", 0.0}};
  out["top_logprobs"] = json::array({out});
  return out;
}

json all_logprobs(const std::vector<token>& tokens) {
  json content = json::array();
  for (const auto& each : tokens)
    content.push_back(token_logprob(each));
  return {{"content", std::move(content)}};
}

json chunk_with(const generation& now, json choices, std::string_view object) {
  return {{"choices", std::move(choices)},
          {"created", now.created},
          {"id", now.id},
          {"model", now.model},
          {"system_fingerprint", build_name()},
          {"object", object}};
}

json whole_with(const generation& done, json choices, std::string_view object) {
  return {{"choices", std::move(choices)},
          {"created", done.created},
          {"model", done.model},
          {"system_fingerprint", build_name()},
          {"object", object},
          {"usage", done.usage()},
          {"id", done.id},
          {"timings", done.times.to_json()}};
}

void add_token_timings(const generation& now, json& chunk) {
  if (now.params.timings_per_token)
    chunk["timings"] = now.times.to_json();
}

class chat_format final : public answer_format {
public:
  json whole(const generation& done) const override {
    json choices = json::array();
    for (std::size_t i = 0; i < done.choices.size(); ++i) {
      const auto& choice = done.choices[i];
      json message = {{"role", "assistant"}};
      if (choice.call) {
        message["content"] = nullptr;
        json function = {{"name", choice.call->name}, {"arguments", choice.text()}};
        json call = {
            {"type", "function"}, {"function", std::move(function)}, {"id", choice.call->id}};
        message["tool_calls"] = json::array({std::move(call)});
      } else {
        message["content"] = choice.text();
      }
      json entry = {
          {"finish_reason", choice.finish}, {"index", i}, {"message", std::move(message)}};
      if (done.params.logprobs)
        entry["logprobs"] = all_logprobs(choice.tokens);
      choices.push_back(std::move(entry));
    }
    return whole_with(done, std::move(choices), "chat.completion");
  }

  std::vector<json> opening(const generation& now, std::size_t index) const override {
    std::vector<json> out;
    out.push_back(chunk(now, index, {{"role", "assistant"}, {"content", nullptr}}));
    if (const auto& call = now.choices[index].call) {
      json function = {{"name", call->name}, {"arguments", ""}};
      json first = {
          {"index", 0}, {"id", call->id}, {"type", "function"}, {"function", std::move(function)}};
      out.push_back(chunk(now, index, {{"tool_calls", json::array({std::move(first)})}}));
    }
    return out;
  }

  json delta(const generation& now, std::size_t index, const token& piece) const override {
    if (now.choices[index].call) {
      json next = {{"index", 0}, {"function", {{"arguments", piece.piece}}}};
      return chunk(now, index, {{"tool_calls", json::array({std::move(next)})}});
    }
    auto out = chunk(now, index, {{"content", piece.piece}});
    if (now.params.logprobs)
      out["choices"][0]["logprobs"] = all_logprobs({piece});
    add_token_timings(now, out);
    return out;
  }

  json finish(const generation& now, std::size_t index) const override {
    auto out = chunk(now, index, json::object());
    out["choices"][0]["finish_reason"] = now.choices[index].finish;
    return out;
  }

  json usage(const generation& now) const override {
    auto out = chunk_with(now, json::array(), "chat.completion.chunk");
    out["usage"] = now.usage();
    return out;
  }

  bool says_done() const override { return true; }

private:
  static json chunk(const generation& now, std::size_t index, json delta) {
    json choice = {{"finish_reason", nullptr}, {"index", index}, {"delta", std::move(delta)}};
    return chunk_with(now, json::array({std::move(choice)}), "chat.completion.chunk");
  }
};

class completion_format final : public answer_format {
public:
  json whole(const generation& done) const override {
    json choices = json::array();
    for (std::size_t i = 0; i < done.choices.size(); ++i)
      choices.push_back(
          entry(done, i, done.choices[i].text(), done.choices[i].tokens, done.choices[i].finish));
    return whole_with(done, std::move(choices), "text_completion");
  }

  std::vector<json> opening(const generation&, std::size_t) const override { return {}; }

  json delta(const generation& now, std::size_t index, const token& piece) const override {
    auto choice = entry(now, index, piece.piece, {piece}, nullptr);
    auto out = chunk_with(now, json::array({std::move(choice)}), "text_completion");
    add_token_timings(now, out);
    return out;
  }

  json finish(const generation& now, std::size_t index) const override {
    auto choice = entry(now, index, "", {}, now.choices[index].finish);
    return chunk_with(now, json::array({std::move(choice)}), "text_completion");
  }

  json usage(const generation& now) const override {
    auto out = chunk_with(now, json::array(), "text_completion");
    out["usage"] = now.usage();
    return out;
  }

  bool says_done() const override { return true; }

private:
  static json entry(const generation& now, std::size_t index, std::string text,
                    const std::vector<token>& tokens, json finish) {
    return {{"text", std::move(text)},
            {"index", index},
            {"logprobs", now.params.logprobs ? all_logprobs(tokens) : json()},
            {"finish_reason", std::move(finish)}};
  }
};

class native_format final : public answer_format {
public:
  explicit native_format(bool return_tokens) : return_tokens_(return_tokens) {}

  json whole(const generation& done) const override {
    if (done.choices.size() == 1)
      return last(done, 0, true);
    json out = json::array();
    for (std::size_t i = 0; i < done.choices.size(); ++i)
      out.push_back(last(done, i, true));
    return out;
  }

  std::vector<json> opening(const generation&, std::size_t) const override { return {}; }

  json delta(const generation& now, std::size_t index, const token& piece) const override {
    json out = {{"index", index},
                {"content", piece.piece},
                {"tokens", ids({piece})},
                {"stop", false},
                {"id_slot", now.slot},
                {"tokens_predicted", now.times.predicted},
                {"tokens_evaluated", now.times.prompt}};
    add_token_timings(now, out);
    return out;
  }

  json finish(const generation& now, std::size_t index) const override {
    return last(now, index, false);
  }

  json usage(const generation&) const override { return nullptr; }
  bool says_done() const override { return false; }

private:
  json ids(const std::vector<token>& tokens) const {
    json out = json::array();
    if (return_tokens_)
      for (const auto& each : tokens)
        out.push_back(each.id);
    return out;
  }

  json last(const generation& done, std::size_t index, bool with_text) const {
    const auto& choice = done.choices[index];
    auto text = choice.text();
    const char* stop_type = choice.finish == "length"      ? "limit"
                            : choice.stopping_word.empty() ? "eos"
                                                           : "word";
    json settings = {{"n_predict", -1}, {"stream", done.params.stream}};
    if (done.params.max_tokens)
      settings["n_predict"] = *done.params.max_tokens;
    return {{"index", index},
            {"content", with_text ? text : ""},
            {"tokens", with_text ? ids(choice.tokens) : json::array()},
            {"id_slot", done.slot},
            {"stop", true},
            {"model", done.model},
            {"tokens_predicted", choice.tokens.size()},
            {"tokens_evaluated", done.times.prompt},
            {"generation_settings", std::move(settings)},
            {"prompt", done.prompt},
            {"has_new_line", text.find('\n') != std::string::npos},
            {"truncated", false},
            {"stop_type", stop_type},
            {"stopping_word", choice.stopping_word},
            {"tokens_cached", done.times.prompt + choice.tokens.size()},
            {"timings", done.times.to_json()}};
  }

  bool return_tokens_;
};

} // namespace

std::unique_ptr<answer_format> make_chat_format() {
  return std::make_unique<chat_format>();
}

std::unique_ptr<answer_format> make_completion_format() {
  return std::make_unique<completion_format>();
}

std::unique_ptr<answer_format> make_native_format(bool return_tokens) {
  return std::make_unique<native_format>(return_tokens);
}

} // namespace synapse::backends
