<?php

return [
    'name' => 'learning',
    'env' => env('APP_ENV', 'production'),
    'debug' => false,
    'timezone' => 'Asia/Tokyo',
    'locale' => 'ja',
    'providers' => [
        Illuminate\Database\DatabaseServiceProvider::class,
        Illuminate\Database\MigrationServiceProvider::class,
        Illuminate\Filesystem\FilesystemServiceProvider::class,
        Illuminate\Foundation\Providers\ComposerServiceProvider::class,
        Illuminate\View\ViewServiceProvider::class,
    ],
];
