#include "backends/llama/metrics_text.hpp"

#include <algorithm>
#include <sstream>

namespace synapse::backends {

response metrics_response(const llama_metrics& values, std::int64_t started_at) {
  std::ostringstream text;
  auto put = [&](const char* kind, const char* name, const char* help, double value) {
    text << "# HELP llamacpp:" << name << ' ' << help << "\n# TYPE llamacpp:" << name << ' ' << kind
         << "\nllamacpp:" << name << ' ' << value << '\n';
  };
  auto rate = [](double count, double seconds) { return seconds > 0 ? count / seconds : 0; };
  put("counter", "prompt_tokens_total", "Number of prompt tokens processed.", values.prompt_tokens);
  put("counter", "prompt_seconds_total", "Prompt process time", values.prompt_seconds);
  put("counter", "tokens_predicted_total", "Number of generation tokens processed.",
      values.predicted_tokens);
  put("counter", "tokens_predicted_seconds_total", "Predict process time",
      values.predicted_seconds);
  put("counter", "n_decode_total", "Total number of llama_decode() calls", values.decodes);
  put("counter", "n_tokens_max", "Largest observed n_tokens.", values.largest);
  put("gauge", "prompt_tokens_seconds", "Average prompt throughput in tokens/s.",
      rate(values.prompt_tokens, values.prompt_seconds));
  put("gauge", "predicted_tokens_seconds", "Average generation throughput in tokens/s.",
      rate(values.predicted_tokens, values.predicted_seconds));
  put("gauge", "requests_processing", "Number of requests processing.", values.processing);
  put("gauge", "requests_deferred", "Number of requests deferred.", values.deferred);
  put("gauge", "n_busy_slots_per_decode", "Average number of busy slots per decode call.",
      std::max(1.0, values.processing));
  response out;
  out.content_type = "text/plain; version=0.0.4";
  out.body = text.str();
  out.headers.emplace_back("Process-Start-Time-Unix", std::to_string(started_at));
  return out;
}

} // namespace synapse::backends
