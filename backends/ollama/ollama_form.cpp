#include "backends/ollama/ollama_form.hpp"

#include <cstdio>
#include <ctime>
#include <utility>

namespace synapse::backends {

namespace {

std::int64_t nanoseconds(telling::time_point from, telling::time_point to) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
}

// What is zero is left out, as Go's omitempty does.
void add_metric(json& into, const char* name, std::int64_t value) {
  if (value > 0)
    into[name] = value;
}

class ollama_form final : public telling_form {
public:
  explicit ollama_form(bool chat) : chat_(chat) {}

  bool in_lines() const override { return true; }

  json whole(const telling& done) const override {
    auto text = done.choice().call ? "" : done.choice().text();
    auto out = line(done, text, done.thought(), done.choice().call.has_value());
    finish(done, out);
    return out;
  }

  std::vector<std::string> opening(const telling&) const override { return {}; }

  std::string piece(const telling& now, std::size_t step) const override {
    if (step < now.thinking.size())
      return dump(line(now, "", now.thinking[step].piece, false));
    if (!now.choice().call)
      return dump(line(now, now.choice().tokens[step - now.thinking.size()].piece, "", false));
    // A call comes whole, with its last token.
    return step + 1 < now.steps() ? std::string() : dump(line(now, "", "", true));
  }

  std::vector<std::string> closing(const telling& done) const override {
    auto out = line(done, "", "", false);
    finish(done, out);
    return {dump(out)};
  }

private:
  json line(const telling& now, const std::string& text, const std::string& thinking,
            bool with_call) const {
    json out = {{"model", now.what.model},
                {"created_at", go_time(std::chrono::system_clock::now())}};
    if (!chat_) {
      out["response"] = text;
      if (!thinking.empty())
        out["thinking"] = thinking;
    } else {
      json message = {{"role", "assistant"}, {"content", text}};
      if (!thinking.empty())
        message["thinking"] = thinking;
      if (with_call)
        message["tool_calls"] = json::array({call(now)});
      out["message"] = std::move(message);
    }
    out["done"] = false;
    return out;
  }

  static json call(const telling& now) {
    auto arguments = json::parse(now.choice().text(), nullptr, false);
    json function = {{"index", 0},
                     {"name", now.choice().call->name},
                     {"arguments", arguments.is_object() ? arguments : json::object()}};
    return {{"id", "call_" + now.choice().call->id.substr(0, 8)},
            {"function", std::move(function)}};
  }

  void finish(const telling& done, json& into) const {
    into["done"] = true;
    into["done_reason"] = done.choice().finish == "length" ? "length" : "stop";
    if (!chat_) {
      json context = json::array();
      for (const auto& each : done.what.prompt_tokens)
        context.push_back(each.id);
      for (const auto& each : done.choice().tokens)
        context.push_back(each.id);
      into["context"] = std::move(context);
    }
    add_metric(into, "total_duration", nanoseconds(done.asked, done.ended));
    add_metric(into, "load_duration", nanoseconds(done.asked, done.began));
    add_metric(into, "prompt_eval_count", static_cast<std::int64_t>(done.what.times.prompt));
    add_metric(into, "prompt_eval_duration", nanoseconds(done.began, done.first));
    add_metric(into, "eval_count", static_cast<std::int64_t>(done.said()));
    add_metric(into, "eval_duration", nanoseconds(done.first, done.ended));
  }

  bool chat_;
};

} // namespace

std::string go_time(std::chrono::system_clock::time_point when) {
  auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch());
  auto seconds = static_cast<std::time_t>(since.count() / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  auto size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  char rest[16];
  std::snprintf(rest, sizeof(rest), ".%09dZ", static_cast<int>(since.count() % 1'000'000'000));
  return std::string(text, size) + rest;
}

json ollama_loaded(const std::string& model, bool chat, std::string_view reason) {
  json out = {{"model", model}, {"created_at", go_time(std::chrono::system_clock::now())}};
  if (chat)
    out["message"] = {{"role", "assistant"}, {"content", ""}};
  else
    out["response"] = "";
  out["done"] = true;
  out["done_reason"] = reason;
  return out;
}

std::unique_ptr<telling_form> make_ollama_chat() {
  return std::make_unique<ollama_form>(true);
}

std::unique_ptr<telling_form> make_ollama_generate() {
  return std::make_unique<ollama_form>(false);
}

} // namespace synapse::backends
