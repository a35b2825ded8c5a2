#include "backends/speakers/pyannote_speaker.hpp"

#include "backends/engine/media.hpp"
#include "backends/engine/private_folder.hpp"
#include "backends/speakers/diarizer.hpp"
#include "backends/speakers/voice_print.hpp"
#include "backends/web/validation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace synapse::backends {

namespace {

double rounded(double value, double parts) {
  return std::round(value * parts) / parts;
}

struct measured {
  voice_frames frames;
  double duration = 0;
};

measured measure(std::string_view data, const engine_programs& programs, const stop_signal& stop) {
  private_folder folder{programs.temporary};
  auto path = folder.file("upload");
  write_file(path, data);
  auto recording = media(programs, stop).decode(path, 16000);
  return {measure_voice(recording), recording.seconds()};
}

json diarization(std::string_view data, const speaker_limits& limits,
                 const engine_programs& programs, const stop_signal& stop) {
  auto recording = measure(data, programs, stop);
  auto turns = diarize(recording.frames, limits);
  std::size_t speakers = 0;
  json segments = json::array();
  for (const auto& turn : turns) {
    char label[40];
    std::snprintf(label, sizeof(label), "SPEAKER_%02zu", turn.speaker);
    segments.push_back({{"speaker", label},
                        {"start", rounded(turn.start, 1000)},
                        {"end", rounded(std::min(turn.end, recording.duration), 1000)}});
    speakers = std::max(speakers, turn.speaker + 1);
  }
  return {{"num_speakers", speakers},
          {"segments", std::move(segments)},
          {"duration", rounded(recording.duration, 1000)}};
}

json verification(std::string_view first, std::string_view second, const engine_programs& programs,
                  const stop_signal& stop) {
  static constexpr double threshold = 0.5;
  auto print = [&](std::string_view data) {
    auto recording = measure(data, programs, stop);
    auto out = print_voice(recording.frames, 0, recording.frames.size());
    if (out.frames == 0)
      throw engine_error("there is no speech in the recording");
    return out;
  };
  auto one = print(first);
  auto score = similarity(one, print(second));
  return {{"is_same_speaker", score >= threshold},
          {"similarity_score", rounded(score, 10000)},
          {"threshold", threshold}};
}

std::optional<std::size_t> count_of(form_reader& fields, std::string_view name) {
  auto value = fields.integer(name);
  if (!value || *value < 1)
    return std::nullopt;
  return static_cast<std::size_t>(*value);
}

} // namespace

pyannote_speaker::pyannote_speaker(pyannote_options options)
    : options_(std::move(options)), missing_(missing_programs({options_.programs.ffmpeg})) {
  add_simple("GET", "/health", [this](const request&) {
    auto given = json::parse(options_.shape.health_body, nullptr, false);
    if (!given.is_discarded())
      return given;
    return json{{"status", "ok"}, {"model_loaded", loaded_}, {"model", "mfcc-statistics"}};
  });
  add_route("POST", "/diarize",
            [this](const request& in, exchange& out) { return diarize_route(in, out); });
  add_route("POST", "/verify",
            [this](const request& in, exchange& out) { return verify_route(in, out); });
}

response pyannote_speaker::unexpected(std::string_view what) const {
  if (options_.shape.error_style == unverified_shape::errors::detail)
    return error_answer(500, what);
  return fastapi_service::unexpected(what);
}

asio::awaitable<void> pyannote_speaker::diarize_route(const request& in, exchange& out) {
  auto sent = form::of(in);
  form_reader fields{sent};
  const auto* file = fields.file("file");
  speaker_limits limits;
  limits.exactly = count_of(fields, "num_speakers");
  limits.least = count_of(fields, "min_speakers");
  limits.most = count_of(fields, "max_speakers");
  fields.check();
  if (!missing_.empty())
    throw http_problem(500, missing_.front());
  loaded_ = true;
  auto work = [this, file, limits](const stop_signal& stop) {
    return diarization(file->data, limits, options_.programs, stop);
  };
  auto body = co_await compute(out, std::move(work));
  auto answer = json_answer(body);
  if (!out.gone())
    co_await out.reply(std::move(answer));
}

asio::awaitable<void> pyannote_speaker::verify_route(const request& in, exchange& out) {
  auto sent = form::of(in);
  form_reader fields{sent};
  const auto* first = fields.file("file1");
  const auto* second = fields.file("file2");
  fields.check();
  if (!missing_.empty())
    throw http_problem(500, missing_.front());
  loaded_ = true;
  auto work = [this, first, second](const stop_signal& stop) {
    return verification(first->data, second->data, options_.programs, stop);
  };
  auto body = co_await compute(out, std::move(work));
  auto answer = json_answer(body);
  if (!out.gone())
    co_await out.reply(std::move(answer));
}

} // namespace synapse::backends
