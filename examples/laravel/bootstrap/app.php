<?php

use Illuminate\Contracts;
use Illuminate\Foundation;

require '/usr/share/php/Illuminate/autoload.php';

$missing = array_filter(['DB_HOST', 'DB_USERNAME', 'DB_PASSWORD'], fn ($name) => ! getenv($name));
if ($missing) {
    fwrite(fopen('php://stderr', 'w'), 'Not set: '.implode(', ', $missing)."; the application needs them to start.\n");
    exit(1);
}

$app = new Foundation\Application(dirname(__DIR__));
$app->singleton(Contracts\Http\Kernel::class, Foundation\Http\Kernel::class);
$app->singleton(Contracts\Console\Kernel::class, Foundation\Console\Kernel::class);
$app->singleton(Contracts\Debug\ExceptionHandler::class, Foundation\Exceptions\Handler::class);
$app->booted(fn () => require __DIR__.'/../routes/web.php');

return $app;
