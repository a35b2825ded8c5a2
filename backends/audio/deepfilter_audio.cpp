#include "backends/audio/deepfilter_audio.hpp"

#include "backends/audio/denoise.hpp"
#include "backends/engine/media.hpp"
#include "backends/engine/private_folder.hpp"
#include "backends/web/validation.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace synapse::backends {

namespace {

struct audio_format {
  std::string_view name;
  std::string_view type;
  std::string_view codec;
  std::string_view container;
  bool has_bitrate;
};
constexpr std::array formats{
    audio_format{"wav", "audio/wav", "pcm_s16le", "wav", false},
    audio_format{"mp3", "audio/mpeg", "libmp3lame", "mp3", true},
    audio_format{"flac", "audio/flac", "flac", "flac", false},
    audio_format{"ogg", "audio/ogg", "libvorbis", "ogg", true},
};

const audio_format* find_format(std::string_view name) {
  auto found = std::find_if(formats.begin(), formats.end(),
                            [&](const audio_format& each) { return each.name == name; });
  return found == formats.end() ? nullptr : &*found;
}

// `192k` or `192000`: nothing else reaches the encoder.
bool is_bitrate(std::string_view text) {
  if (text.ends_with('k') || text.ends_with('K'))
    text.remove_suffix(1);
  return !text.empty() && text.size() <= 7 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string transcoded(std::string_view data, const std::vector<std::string>& arguments,
                       const engine_programs& programs, const stop_signal& stop) {
  private_folder folder{programs.temporary};
  auto from = folder.file("upload");
  auto to = folder.file("result");
  write_file(from, data);
  media(programs, stop).transcode(from, arguments, to);
  return read_file(to);
}

// Vorbis has no bitrate of 192k for a telephone's voice: it is then as good as it can be.
std::string converted(std::string_view data, std::vector<std::string> arguments,
                      const engine_programs& programs, const stop_signal& stop) {
  auto bitrate = std::find(arguments.begin(), arguments.end(), "-b:a");
  bool adaptable = bitrate != arguments.end() && arguments[1] == "libvorbis";
  try {
    return transcoded(data, arguments, programs, stop);
  } catch (const engine_error&) {
    if (!adaptable || stop.raised())
      throw;
  }
  bitrate[0] = "-q:a";
  bitrate[1] = "9";
  return transcoded(data, arguments, programs, stop);
}

} // namespace

deepfilter_audio::deepfilter_audio(deepfilter_options options)
    : options_(std::move(options)), missing_(missing_programs({options_.programs.ffmpeg})) {
  add_simple("GET", "/health", [this](const request&) {
    auto given = json::parse(options_.shape.health_body, nullptr, false);
    if (!given.is_discarded())
      return given;
    auto model = network_ ? "DeepFilterNet" : "ffmpeg-afftdn";
    return json{{"status", "ok"}, {"model_loaded", no_network_.empty()}, {"model", model}};
  });
  if (!options_.library.empty() || !options_.model.empty())
    network_ = deep_filter_net::load(options_.library, options_.model, no_network_);
  add_route("POST", "/denoise",
            [this](const request& in, exchange& out) { return denoise(in, out); });
  add_route("POST", "/convert",
            [this](const request& in, exchange& out) { return convert(in, out); });
}

std::vector<std::string> deepfilter_audio::notices() const {
  auto out = missing_;
  if (!no_network_.empty())
    out.push_back(no_network_);
  return out;
}

std::string deepfilter_audio::denoised(std::string_view data, const stop_signal& stop) const {
  private_folder folder{options_.programs.temporary};
  media tools{options_.programs, stop};
  auto upload = folder.file("upload");
  auto result = folder.file("result");
  write_file(upload, data);
  if (network_)
    return to_wav(network_->denoise(tools.decode(upload, 48000), stop));
  synapse::backends::denoise(tools, upload, result);
  return read_file(result);
}

response deepfilter_audio::unexpected(std::string_view what) const {
  if (options_.shape.error_style == unverified_shape::errors::detail)
    return error_answer(500, what);
  return fastapi_service::unexpected(what);
}

asio::awaitable<void> deepfilter_audio::send_audio(std::string bytes, std::string_view format,
                                                   exchange& out) {
  response answer;
  answer.content_type = options_.shape.audio_type;
  if (answer.content_type.empty())
    answer.content_type = find_format(format)->type;
  answer.body = std::move(bytes);
  if (!out.gone())
    co_await out.reply(std::move(answer));
}

asio::awaitable<void> deepfilter_audio::denoise(const request& in, exchange& out) {
  auto sent = form::of(in);
  form_reader fields{sent};
  const auto* file = fields.file("file");
  fields.check();
  if (!missing_.empty())
    throw http_problem(500, missing_.front());
  if (!no_network_.empty())
    throw http_problem(500, no_network_);
  auto work = [this, file](const stop_signal& stop) { return denoised(file->data, stop); };
  auto bytes = co_await compute(out, std::move(work));
  co_await send_audio(std::move(bytes), "wav", out);
}

asio::awaitable<void> deepfilter_audio::convert(const request& in, exchange& out) {
  auto sent = form::of(in);
  form_reader fields{sent};
  const auto* file = fields.file("file");
  auto name = fields.text("output_format").value_or("wav");
  auto rate = fields.integer("sample_rate");
  auto bitrate = fields.text("bitrate");
  fields.check();
  const auto* format = find_format(name);
  if (!format)
    throw http_problem(400, "Unsupported output format '" + name + "': wav, mp3, flac, ogg");
  if (rate && (*rate < 8000 || *rate > 192000))
    throw http_problem(400, "sample_rate must be between 8000 and 192000");
  if (bitrate && !is_bitrate(*bitrate))
    throw http_problem(400, "bitrate must be a number of bits per second, e.g. 192k");
  if (!missing_.empty())
    throw http_problem(500, missing_.front());
  std::vector<std::string> arguments{"-c:a", std::string(format->codec)};
  if (rate)
    arguments.insert(arguments.end(), {"-ar", std::to_string(*rate)});
  if (bitrate && format->has_bitrate)
    arguments.insert(arguments.end(), {"-b:a", *bitrate});
  arguments.insert(arguments.end(), {"-map_metadata", "-1", "-fflags", "+bitexact", "-flags",
                                     "+bitexact", "-f", std::string(format->container)});
  auto work = [this, file, arguments](const stop_signal& stop) {
    return converted(file->data, arguments, options_.programs, stop);
  };
  auto bytes = co_await compute(out, std::move(work));
  co_await send_audio(std::move(bytes), format->name, out);
}

} // namespace synapse::backends
